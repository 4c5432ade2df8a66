"""Champions that were really trained: in memory for scoring, registered ones for loading."""

from collections.abc import Callable

import mlflow
import pandas as pd
import pytest
from sklearn.pipeline import Pipeline

from include.contract import Contract, KnownAt
from include.features.calibration import Calibration, Decision
from include.registry.registry import ChampionInfo, promote, register
from include.registry.tracking import connect
from include.serving.scorer import Scorer, scorer_of
from include.serving.stages import StagedScorer
from include.settings import settings
from include.training.families import build_pipeline, deployable
from include.training.packaging import log_pipeline

EPOCH = pd.Timestamp("2026-01-01", tz="UTC").to_pydatetime()
DECISION = Decision("f1", 0.4, (("A", 70), ("B", 40), ("C", 20), ("D", 0)))
VERSIONS = {KnownAt.CONTACT: "7", KnownAt.CAPTURE: "3"}


def fit(contract: Contract, accounts: pd.DataFrame, stage: KnownAt, family: str = "logistic_regression") -> Pipeline:
    """A pipeline as a training deploys it."""
    fitted = build_pipeline(family, contract, stage).fit(accounts, accounts[contract.label])
    return deployable(fitted, Calibration("sigmoid", (0.8, 0.8), 0.1), DECISION)


@pytest.fixture
def scorer_for(contract, accounts) -> Callable[..., Scorer]:
    """Maker of scorers in memory: version 7 for contact, 3 for capture."""

    def make(stage: KnownAt, family: str = "logistic_regression") -> Scorer:
        tags = {"holdout_roc_auc": "0.91"}
        version = ChampionInfo(contract.model_name(stage), VERSIONS[stage], "a-run", tags, EPOCH)
        return scorer_of(version, stage, contract, fit(contract, accounts, stage, family))

    return make


@pytest.fixture
def scorer(scorer_for) -> Scorer:
    return scorer_for(KnownAt.CONTACT)


@pytest.fixture
def staged(contract, scorer, scorer_for) -> StagedScorer:
    """Both stages' champions."""
    return StagedScorer(contract, {KnownAt.CONTACT: scorer, KnownAt.CAPTURE: scorer_for(KnownAt.CAPTURE)})


@pytest.fixture
def mixed(accounts) -> pd.DataFrame:
    """Leads of which every third has been contacted."""
    return accounts.assign(opinion=accounts["opinion"].where(accounts.index % 3 == 0, None))


@pytest.fixture
def registered(contract, tracking, accounts) -> Callable[..., str]:
    """Registers and promotes a pipeline for a stage; returns the version."""
    client = connect(settings())
    mlflow.set_experiment(contract.names.experiment)

    def make(pipeline: Pipeline | None = None, stage: KnownAt = KnownAt.CONTACT, **tags: str) -> str:
        model = contract.model_name(stage)
        with mlflow.start_run() as run:
            logged = log_pipeline(pipeline or fit(contract, accounts, stage), accounts)
        version = str(register(client, model, logged.model_uri, run.info.run_id, tags, logged.model_id).version)
        promote(model, version)
        return version

    return make
