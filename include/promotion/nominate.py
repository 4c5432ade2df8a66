"""Choose by hand which version the gate will judge."""

from typing import Any

from include.contract import Contract, KnownAt
from include.registry.errors import NoChallengerError
from include.registry.registry import CHALLENGER, aliased
from include.registry.tracking import connect, tracking_errors
from include.settings import Settings

SNAPSHOT_TAG = "snapshot_uri"


@tracking_errors()
def nominate(
    settings: Settings, contract: Contract, stage: str, version: str | None
) -> dict[str, Any]:
    """Move the alias `challenger` to `version`, or leave it where it is.

    Args:
        settings: where MLflow answers.
        contract: names the models.
        stage: capture, engagement or contact.
        version: number of a registered version; None keeps the present challenger.

    Returns:
        model, version, stage and snapshot_uri of the challenger.

    Raises:
        NoChallengerError: there is no challenger and no version was given, or the challenger does not say on which
            snapshot it was trained.
        mlflow.exceptions.MlflowException: there is no such version.
        TrackingUnavailableError: MLflow does not answer.
    """
    client = connect(settings.mlflow)
    model = contract.model_name(KnownAt(stage))
    if version:
        client.get_model_version(
            model, version
        )  # an alias can be set on a version that does not exist
        client.set_registered_model_alias(model, CHALLENGER, version)
    challenger = aliased(client, model, CHALLENGER)
    if challenger is None:
        raise NoChallengerError(
            f"{model} has no challenger; run train_models first, or give a version"
        )
    if SNAPSHOT_TAG not in challenger.tags:
        raise NoChallengerError(
            f"version {challenger.version} of {model} has no tag {SNAPSHOT_TAG}, so nobody knows its holdout; give a "
            "version that train_models registered"
        )
    return {
        "model": model,
        "version": challenger.version,
        "stage": stage,
        "snapshot_uri": challenger.tags[SNAPSHOT_TAG],
    }
