"""Choose by hand which version the gate will judge."""

from typing import Any

from include.contract import Contract, KnownAt
from include.registry.errors import NoChallengerError
from include.registry.ledger import ChampionLedger
from include.registry.registry import CHALLENGER, require_digest
from include.registry.registry import challenger as challenger_of
from include.registry.tracking import connect, tracking_errors
from include.registry.versions import describe
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
        DigestMissingError: nobody recorded a digest of its files, though the model has a champion.
        mlflow.exceptions.MlflowException: there is no such version.
        TrackingUnavailableError: MLflow does not answer.
    """
    client = connect(settings.mlflow)
    model = contract.model_name(KnownAt(stage))
    ledger = ChampionLedger.of(settings, contract)
    if version:
        # An alias can be set on a version that does not exist.
        named = client.get_model_version(model, version)
        require_digest(describe(model, named), ledger)
        client.set_registered_model_alias(model, CHALLENGER, version)
    challenger = challenger_of(client, model, ledger)
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
