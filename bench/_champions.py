"""Champions for the benchmarks of serving: a model of real leads for each stage, in the settings' registry."""

from pathlib import Path

import joblib
import mlflow
import pandas as pd

from include.contract import Contract, decisions_of
from include.evaluation.tiers import TIERS
from include.features.calibration import Decision
from include.registry.packaging import log_pipeline
from include.registry.registry import promote, register
from include.registry.tracking import connect
from include.scoring.stages import STAGES
from include.settings import settings
from include.training.data.dataset import make_dataset
from include.training.fit import refit
from include.training.recipe import Recipe


def crown(
    leads: pd.DataFrame, contract: Contract, family: str, folder: Path
) -> None:
    """Fits a model per stage and makes it champion; the pipelines are also saved as <stage>.joblib in `folder`."""
    client = connect(settings().mlflow.tracking_uri)
    mlflow.set_experiment(contract.names.experiment)
    for stage in STAGES:
        data, recipe = (
            make_dataset(leads, contract, stage, {}),
            Recipe(family, {}, "none", Decision("f1", 0.5, TIERS)),
        )
        pipeline = refit(
            decisions_of(settings(), contract),
            contract,
            recipe,
            data,
            data.split != "holdout",
            stage,
        )
        with mlflow.start_run() as run:
            logged = log_pipeline(pipeline, leads)
        model = contract.model_name(stage)
        version = register(
            client,
            model,
            logged.model_uri,
            run.info.run_id,
            {"threshold": "0.5"},
            logged.model_id,
        )
        promote(client, model, str(version.version))
        joblib.dump(pipeline, folder / f"{stage}.joblib")
