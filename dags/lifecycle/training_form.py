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

STAGES_PARAM = Param(
    ["contact", "capture"],
    type="array",
    items={"type": "string", "enum": STAGES},
    minItems=1,
    uniqueItems=True,
    examples=STAGES,
    description="Moments in a lead's life to train a model for; each sees only what is known by then.",
)
FAMILIES_PARAM = Param(
    FAMILIES,
    type="array",
    items={"type": "string", "enum": FAMILIES},
    minItems=1,
    uniqueItems=True,
    examples=FAMILIES,
    description="Model families to try; the best of each stage becomes the challenger.",
)
