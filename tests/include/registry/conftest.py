"""A model with as many registered versions as a test wants, without training any."""

import mlflow
import pytest
from sklearn.dummy import DummyClassifier

from include.registry.registry import register
from include.registry.tracking import connect


@pytest.fixture
def client(tracking, contract):
    return connect()


@pytest.fixture
def model(contract):
    return contract.names.model


@pytest.fixture
def versions(client, contract, model):
    """Registers `count` versions (without artefacts) and returns their numbers."""
    experiment = mlflow.set_experiment(contract.names.experiment).experiment_id

    def make(count: int) -> list[str]:
        runs = [client.create_run(experiment).info for _ in range(count)]
        return [
            str(register(client, model, f"{run.artifact_uri}/model", run.run_id, {"snapshot_uri": "s3://x/"}).version)
            for run in runs
        ]

    return make


@pytest.fixture
def logged_versions(client, contract, model):
    """Registers `count` versions that can be loaded; each predicts 1 for every row of one number."""
    mlflow.set_experiment(contract.names.experiment)
    classifier = DummyClassifier(strategy="constant", constant=1).fit([[0.0], [1.0]], [0, 1])

    def make(count: int) -> list[str]:
        made = []
        for _ in range(count):
            with mlflow.start_run() as run:
                logged = mlflow.sklearn.log_model(classifier, name="model", pip_requirements=[])
            made.append(register(client, model, logged.model_uri, run.info.run_id, {}, logged.model_id))
        return [str(version.version) for version in made]

    return make
