"""A model with as many registered versions as a test wants, without training any."""

import mlflow
import pytest

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
