"""Turns a fitted pipeline into an MLflow model that loads where the project is not installed."""

import shutil
import tempfile
from collections.abc import Mapping
from importlib.metadata import version
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import mlflow.sklearn
import pandas as pd
from mlflow.models import ModelSignature
from mlflow.models.model import ModelInfo
from mlflow.types.schema import AnyType, ColSpec, Schema
from sklearn.pipeline import Pipeline

from include.features.parts import inner_parts
from include.registry.errors import LibraryNotListedError

OWN_PACKAGE = "include"
CODE = (
    "__init__.py",
    "errors.py",
    "contract/__init__.py",
    "contract/cells.py",
    "contract/moments.py",
    "contract/text.py",
    "contract/written.py",
)
"""Files that `include.features` imports of other packages; each file more is a request more for every model that is
logged or loaded. A test compares."""
REQUIREMENTS = (
    "cloudpickle",
    "mlflow-skinny",
    "numpy",
    "pandas",
    "scikit-learn",
    "scipy",
)
LIBRARIES = {
    "lightgbm": "lightgbm",
    "sklearn": "scikit-learn",
    "xgboost": "xgboost-cpu",
}
"""Top module of a classifier to the package that brings it. A package listed here must also stand in requirements.in,
docker/*.in and include/glue/requirements.in: the model is loaded in all of these places."""
EXAMPLE_ROWS = 3
LEAST_HOLDERS = 5
"""A value of a category stands in the example only if so many leads have it: k-anonymity (Sweeney 2002), k = 5."""


def pinned_requirements(pipeline: Pipeline) -> list[str]:
    """Return the packages that a logged pipeline needs, at the versions of this process.

    Raises:
        LibraryNotListedError: the classifier comes from a library that LIBRARIES does not name.
    """
    _, classifier = inner_parts(pipeline)
    packages = {*REQUIREMENTS, _library_of(classifier)}
    requirements = []
    for package in sorted(packages):
        requirements.append(f"{package}=={version(package)}")
    return requirements


def _library_of(classifier: Any) -> str:
    """Return the package that brings the classifier's class, or that of its base where the class is this project's.

    The project's own classes travel with the model (`stage_code`).
    """
    modules = [
        base.__module__.partition(".")[0] for base in type(classifier).__mro__
    ]
    module = next(name for name in modules if name != OWN_PACKAGE)
    if module not in LIBRARIES:
        raise LibraryNotListedError(
            f"{type(classifier).__name__} comes from the library {module!r}, which is not listed, so nothing would "
            f"install it where the model is loaded; add {module!r} to LIBRARIES in include/registry/packaging.py and "
            "its package to requirements.in, docker/*.in and include/glue/requirements.in, then run `make lock`"
        )
    return LIBRARIES[module]


def stage_code(target: Path) -> Path:
    """Copy the modules that unpickling needs below `target`/include and return that folder.

    The folder keeps the name `include`, so that `import include.features` is the same import from the logged copy.
    """
    package = target / "include"
    package.mkdir()
    with as_file(files("include")) as source:
        shutil.copytree(
            source / "features",
            package / "features",
            ignore=shutil.ignore_patterns("__pycache__"),
        )
        for name in CODE:
            copy = package / name
            copy.parent.mkdir(exist_ok=True)
            shutil.copy(source / name, copy)
    return package


def log_pipeline(
    pipeline: Pipeline,
    example: pd.DataFrame,
    figures: Mapping[str, float] | None = None,
) -> ModelInfo:
    """Log the fitted pipeline as `model` of the active run: raw contract columns in, probabilities out.

    The signature takes every column as optional and of any type, because cleaning is the pipeline's own first step.

    Args:
        pipeline: fitted, from raw columns to a classifier.
        example: raw rows; the input example is made of what many of them have, and holds nobody's row.
        figures: metrics of the model and of the run. A run should have none before: MLflow asks for each of them when a
            model is logged to it.

    Returns:
        MLflow's information on the logged model, with its URI and id.

    Raises:
        LibraryNotListedError: the classifier comes from a library that LIBRARIES does not name.
    """
    fields = [column.field for column in pipeline.named_steps["clean"].columns]
    inputs = Schema(
        [ColSpec(AnyType(), field, required=False) for field in fields]
    )
    with tempfile.TemporaryDirectory() as folder:
        logged: ModelInfo = mlflow.sklearn.log_model(
            pipeline,
            name="model",
            serialization_format="cloudpickle",
            pyfunc_predict_fn="predict_proba",
            signature=ModelSignature(inputs),
            input_example=typical_rows(example[fields]),
            pip_requirements=pinned_requirements(pipeline),
            code_paths=[str(stage_code(Path(folder)))],
        )
    mlflow.log_metrics(dict(figures or {}), model_id=logged.model_id)
    return logged


def typical_rows(leads: pd.DataFrame) -> pd.DataFrame:
    """Return three made-up rows, column by column, so that no request to erase a person reaches a registered model.

    A column of numbers gives its quartiles. Any other column gives its most frequent values, as far as
    `LEAST_HOLDERS` leads have them; fewer values than rows are repeated. Cells without a value are None, as in JSON.

    Args:
        leads: raw rows, of any number.
    """
    columns = {name: _typical_cells(leads[name]) for name in leads.columns}
    return pd.DataFrame(columns, index=range(EXAMPLE_ROWS), dtype=object)


def _typical_cells(values: pd.Series) -> list[Any]:
    present = values.dropna()
    is_number = pd.api.types.is_numeric_dtype(present)
    if len(present) >= LEAST_HOLDERS and is_number and present.dtype != bool:
        quartiles = present.quantile([0.25, 0.5, 0.75])
        return [round(float(number), 2) for number in quartiles]
    counts = present.value_counts()
    frequent = counts[counts >= LEAST_HOLDERS].index.tolist()
    cells = frequent[:EXAMPLE_ROWS] or [None]
    return [cells[row % len(cells)] for row in range(EXAMPLE_ROWS)]
