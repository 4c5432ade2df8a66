"""Entry point of a training container: `python -m include.endpoint.training_container train`, by SageMaker's contract.

The job's folder tree is /opt/ml, or what SAGEMAKER_BASE_DIR names: hyperparameters and the snapshot come from
`input/`, the result goes to `model/`, the reason of a failure to `output/failure`.
"""

import argparse
import json
import logging
import os
import sys
import traceback
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from include.contract import Contract, decisions_of, load_contract
from include.endpoint.errors import BadHyperparametersError
from include.endpoint.training_job import CHANNEL, RESULT
from include.settings import Settings, settings

log = logging.getLogger(__name__)

FAILED = 1
TRAIN = "train"
CHECK = "check"
"""Command that looks whether a training has what it needs, and trains nothing."""


class Hyperparameters(BaseModel):
    """What a job gets besides its data, all as strings."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    family: str
    stage: str
    parent_run_id: str
    outcome: str = ""


def read_hyperparameters(root: Path) -> Hyperparameters:
    """Return the hyperparameters of the job below `root`.

    Raises:
        BadHyperparametersError: one is missing, or nobody knows it.
    """
    path = root / "input" / "config" / "hyperparameters.json"
    try:
        return Hyperparameters.model_validate_json(
            path.read_text(encoding="utf-8")
        )
    except ValidationError as error:
        problems = "; ".join(_problem(detail) for detail in error.errors())
        raise BadHyperparametersError(
            f"{path}: {problems}; correct the job's HyperParameters"
        ) from error


def _problem(detail: Mapping[str, Any]) -> str:
    """Return what pydantic says of one hyperparameter, after its name."""
    name = ".".join(str(part) for part in detail["loc"])
    return f"{name}: {detail['msg']}"


def train(settings: Settings, contract: Contract, root: Path) -> None:
    """Train the family that the job below `root` asks for, and leave the result in its model folder.

    Leads that cannot be trained on are a result, too: it says why there is no model, and the job succeeds.

    Args:
        settings: where MLflow is, and what the business decides.
        contract: what a lead is.
        root: the job's folder tree.

    Raises:
        BadHyperparametersError: the job asks for something else.
        ObjectMissingError: the channel holds no snapshot.
        Also what `include.training.train.try_family` raises.
    """
    # Imported here, so that a failing import, too, is reported as the job's failure.
    from include.registry.tracking import connect
    from include.training.train import FamilyTraining, try_family

    job = read_hyperparameters(root)
    folder = root / "input" / "data" / CHANNEL
    contract = contract.for_outcome(job.outcome)
    training = FamilyTraining(
        decisions=decisions_of(settings, contract),
        contract=contract,
        client=connect(settings.mlflow),
        snapshot_uri=f"file://{folder}/",
        family=job.family,
        stage=job.stage,
        parent_run_id=job.parent_run_id,
    )
    result = try_family(training)
    (root / "model" / RESULT).write_text(json.dumps(result), encoding="utf-8")
    log.info("Result of %s for %s: %s", job.family, job.stage, result)


def check(settings: Settings, root: Path) -> None:
    """Load what a training imports, read the snapshot and ask MLflow; leave both answers in the job's model folder.

    Args:
        settings: where MLflow is.
        root: the job's folder tree.

    Raises:
        ObjectMissingError: the channel holds no snapshot.
        TrackingUnavailableError: nothing answers at MLflow's address.
    """
    from include.lake.frames import read_parquet
    from include.registry.tracking import connect

    import_module("include.training.train")
    rows = len(read_parquet(f"file://{root}/input/data/{CHANNEL}/"))
    connect(settings.mlflow).search_experiments(max_results=1)
    result = {"rows": rows, "mlflow": "answers"}
    (root / "model" / RESULT).write_text(json.dumps(result), encoding="utf-8")
    log.info("Result of the check: %s", result)


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return the exit status, with the failure file written where it is not 0."""
    parser = argparse.ArgumentParser(
        prog="python -m include.endpoint.training_container",
        description=__doc__,
    )
    parser.add_argument("command", choices=[TRAIN, CHECK])
    command = parser.parse_args(arguments).command
    logging.basicConfig(
        level=logging.INFO,
        format="%(levelname)s %(name)s: %(message)s",
        stream=sys.stdout,
    )
    root = Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml"))
    try:
        current = settings()
        if command == CHECK:
            check(current, root)
        else:
            train(current, load_contract(current.contract), root)
    except (
        Exception
    ) as error:  # whatever it is, SageMaker shows what stands in the file
        log.exception("Training failed")
        # The message first: of this file the first 1,024 characters are shown.
        reason = f"{type(error).__name__}: {error}\n\n{traceback.format_exc()}"
        (root / "output" / "failure").write_text(reason, encoding="utf-8")
        return FAILED
    return 0


if __name__ == "__main__":
    sys.exit(main())
