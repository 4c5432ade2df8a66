"""What a person chooses in the trigger form of a training: stages and families."""

from airflow.sdk import Param

from lead_ops.links import STAGES as SCORING_STAGES

# A DAG file is parsed without include/, so this repeats the names of include/training/families.py; a test compares.
FAMILIES = [
    "logistic_regression",
    "decision_tree",
    "random_forest",
    "xgboost",
    "lightgbm",
]
STAGES = list(SCORING_STAGES)


def some_of(names, default, description):
    """Return a field of the form for one or more of the names, each once."""
    return Param(
        default,
        type="array",
        items={"type": "string", "enum": names},
        minItems=1,
        uniqueItems=True,
        examples=names,
        description=description,
    )


STAGES_PARAM = some_of(
    STAGES,
    ["contact", "capture"],
    "Moments in a lead's life to train a model for; each sees only what is known by then.",
)
FAMILIES_PARAM = some_of(
    FAMILIES,
    FAMILIES,
    "Model families to try; the best of each stage becomes the challenger.",
)
