"""Champions that were really trained: one in memory for scoring, registered ones for loading."""

from collections.abc import Callable

import mlflow
import pandas as pd
import pytest

from include.contract import Contract, KnownAt
from include.registry.registry import ChampionInfo, promote, register
from include.registry.tracking import connect
from include.serving.scorer import Scorer
from include.settings import settings
from include.training.families import build_pipeline
from include.training.packaging import log_pipeline

EPOCH = pd.Timestamp("2026-01-01", tz="UTC").to_pydatetime()


def fit(contract: Contract, accounts: pd.DataFrame):
    pipeline = build_pipeline("logistic_regression", contract, KnownAt.CONTACT)
    return pipeline.fit(accounts, accounts[contract.label])


@pytest.fixture
def pipeline(contract, accounts):
    return fit(contract, accounts)


@pytest.fixture
def scorer(contract, pipeline) -> Scorer:
    """A scorer in memory, version 7 with threshold 0.4."""
    version = ChampionInfo(contract.model_name(), "7", "a-run", {"threshold": "0.4", "holdout_roc_auc": "0.91"}, EPOCH)
    return Scorer(version, KnownAt.CONTACT, 0.4, contract, pipeline)


@pytest.fixture
def registered(contract, tracking, pipeline, accounts) -> Callable[..., str]:
    """Registers and promotes the pipeline with some tags; returns the version."""
    client, model = connect(settings()), contract.model_name()
    mlflow.set_experiment(contract.names.experiment)

    def make(**tags: str) -> str:
        with mlflow.start_run() as run:
            logged = log_pipeline(pipeline, accounts)
        tags = {"threshold": "0.4"} | tags
        version = str(register(client, model, logged.model_uri, run.info.run_id, tags, logged.model_id).version)
        promote(model, version)
        return version

    return make
