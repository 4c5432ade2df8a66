"""Which model version serves: aliases are the truth, MLflow's stages follow them (guide 17.2)."""

import logging
import warnings
from dataclasses import dataclass
from datetime import UTC, datetime

from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from include.registry.errors import ChampionChangedError, NoChampionError
from include.registry.tracking import tracking_errors

log = logging.getLogger(__name__)

CHAMPION, CHALLENGER, PREVIOUS = "champion", "challenger", "previous"
ANY = "any"
BEFORE_TAG = "champion_before"
SETTLING = 10
LIFECYCLE_STAGES = {CHAMPION: "Production", CHALLENGER: "Staging"}


@dataclass(frozen=True)
class ChampionInfo:
    """The serving version of a registered model.

    Attributes:
        model: registered model.
        version: number of the version, as text.
        run_id: MLflow run that logged it.
        tags: what training recorded on it (snapshot_uri, threshold, metrics …).
        created_at: when the version was registered, UTC.
    """

    model: str
    version: str
    run_id: str
    tags: dict[str, str]
    created_at: datetime

    @property
    def uri(self) -> str:
        """What `mlflow.sklearn.load_model` takes."""
        return f"models:/{self.model}/{self.version}"


@tracking_errors()
def champion(client: MlflowClient, model: str) -> ChampionInfo | None:
    """Return the champion of a registered model, or None before the first promotion.

    Raises:
        TrackingUnavailableError: MLflow does not answer.
    """
    return aliased(client, model, CHAMPION)


def aliased(client: MlflowClient, model: str, alias: str) -> ChampionInfo | None:
    """The version that carries an alias, None where no version does."""
    try:
        found = client.get_model_version_by_alias(model, alias)
    except MlflowException as error:
        if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            return None
        raise
    created = datetime.fromtimestamp(found.creation_timestamp / 1000, tz=UTC)
    return ChampionInfo(model, str(found.version), found.run_id, dict(found.tags), created)


def find_version(client: MlflowClient, model: str, tags: dict[str, str]) -> ModelVersion | None:
    """The newest version of a model that carries all the tags, None where there is none."""
    wanted = " and ".join([f"name = '{model}'", *(f"tags.`{name}` = '{value}'" for name, value in tags.items())])
    return max(client.search_model_versions(wanted), key=lambda version: int(version.version), default=None)


def register(
    client: MlflowClient, model: str, uri: str, run_id: str, tags: dict[str, str], model_id: str | None = None
) -> ModelVersion:
    """Registers a logged model as the next version of `model`, with its tags from the first moment on.

    `model_id` is what `log_model` gave beside a `models:/` URI, which the server refuses without it.
    """
    try:
        client.create_registered_model(model)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    return client.create_model_version(model, uri, run_id=run_id, tags=tags, model_id=model_id)


@tracking_errors()
def promote(client: MlflowClient, model: str, version: str, against: str | None = ANY) -> None:
    """Makes `version` the champion; the one before becomes `previous`.

    The alias moves in one call, so there is exactly one champion at every moment; what follows it is derived from
    what is already stored, so a promotion that was interrupted is completed by running it again.

    Args:
        client: of the MLflow server.
        model: registered model.
        version: number of the version.
        against: the champion that it was judged against, None where there was none; ANY promotes whoever serves.

    Raises:
        ChampionChangedError: another version serves by now, so the decision says nothing about the present champion.
        TrackingUnavailableError: MLflow does not answer.
        mlflow.exceptions.MlflowException: there is no such version.
    """
    present = aliased(client, model, CHAMPION)
    before = present.version if present else None
    if before != version:
        if against not in (ANY, before):
            raise ChampionChangedError(
                f"version {version} of {model} was judged against version {against}, but {before} serves by now; "
                f"start promote_model with version {version} for a new decision"
            )
        client.set_model_version_tag(model, version, BEFORE_TAG, before or "")
        client.set_registered_model_alias(model, CHAMPION, version)
    _settle(client, model)
    log.info("Champion of %s is version %s, before it %s", model, version, before)


@tracking_errors()
def rollback(client: MlflowClient, model: str, replaced: str | None = None) -> ChampionInfo:
    """Makes the previous champion the champion again and returns it; the replaced version is archived.

    Args:
        client: of the MLflow server.
        model: registered model.
        replaced: the version to be undone, so that a repeated call does not go back one champion more; None undoes
            whichever serves.

    Raises:
        NoChampionError: no champion came before the present one.
        TrackingUnavailableError: MLflow does not answer.
    """
    present = aliased(client, model, CHAMPION)
    if present is not None and replaced not in (None, present.version):
        _settle(client, model)
        return present
    before = aliased(client, model, PREVIOUS)
    if present is None or before is None or present.version != before.version:
        _settle(client, model)  # completes an interrupted promotion, so that `previous` is the right one
        before = aliased(client, model, PREVIOUS)
    if before is None:
        raise NoChampionError(
            f"{model} has no previous champion to roll back to; promote a version by its number instead"
        )
    client.set_registered_model_alias(model, CHAMPION, before.version)
    _settle(client, model)
    log.warning("Rolled %s back to version %s", model, before.version)
    return before


def _settle(client: MlflowClient, model: str) -> None:
    """Brings everything that follows from the champion alias in line with it; safe to repeat.

    Looks again after its own changes: of two promotions at once, the one that ends last sees both, so that aliases
    and stages agree in the end.
    """
    for _ in range(SETTLING):
        if not (_follow_aliases(client, model) or follow_stages(client, model)):
            return
    raise ChampionChangedError(f"the champion of {model} keeps changing; look for runs that promote at the same time")


def _follow_aliases(client: MlflowClient, model: str) -> bool:
    """Sets `previous` and `challenger` as the champion says; whether there was anything to change."""
    present, previous = aliased(client, model, CHAMPION), aliased(client, model, PREVIOUS)
    if present is None:
        return False
    before, changed = present.tags.get(BEFORE_TAG) or None, False
    if before != (previous.version if previous else None):
        changed = True
        if before:
            client.set_registered_model_alias(model, PREVIOUS, before)
        else:
            client.delete_registered_model_alias(model, PREVIOUS)
    challenger = aliased(client, model, CHALLENGER)
    if challenger is not None and challenger.version == present.version:
        changed = True
        client.delete_registered_model_alias(model, CHALLENGER)
    return changed


def follow_stages(client: MlflowClient, model: str) -> bool:
    """Sets Production, Staging and Archived as the aliases say; versions that never left None stay there.

    Returns:
        Whether there was anything to change.
    """
    changed = False
    aliases = client.get_registered_model(model).aliases
    wanted = {str(aliases[alias]): stage for alias, stage in LIFECYCLE_STAGES.items() if alias in aliases}
    for version in client.search_model_versions(f"name = '{model}'"):
        fallback = "None" if version.current_stage == "None" else "Archived"
        stage = wanted.get(str(version.version), fallback)
        if version.current_stage != stage:
            changed = True
            with warnings.catch_warnings():
                warnings.simplefilter(
                    "ignore", FutureWarning
                )  # stages are deprecated; the guide's readers look for them
                client.transition_model_version_stage(model, version.version, stage)
    return changed
