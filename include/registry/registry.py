"""Says which model version serves: aliases are the truth, MLflow's lifecycle stages follow them (guide 17.2)."""

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

CHAMPION = "champion"
CHALLENGER = "challenger"
PREVIOUS = "previous"
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
        tags: what training recorded on it (snapshot_uri, metrics …); the threshold among them is for people only.
        created_at: when the version was registered, UTC.
    """

    model: str
    version: str
    run_id: str
    tags: dict[str, str]
    created_at: datetime

    @property
    def uri(self) -> str:
        """Return the address that `mlflow.sklearn.load_model` takes."""
        return f"models:/{self.model}/{self.version}"


@tracking_errors()
def champion(client: MlflowClient, model: str) -> ChampionInfo | None:
    """Return the champion of a registered model, or None before the first promotion.

    Raises:
        TrackingUnavailableError: MLflow does not answer.
    """
    return aliased(client, model, CHAMPION)


def aliased(
    client: MlflowClient, model: str, alias: str
) -> ChampionInfo | None:
    """Return the version that carries an alias, or None where no version does."""
    try:
        version = client.get_model_version_by_alias(model, alias)
    except MlflowException as error:
        if error.error_code in (
            "RESOURCE_DOES_NOT_EXIST",
            "INVALID_PARAMETER_VALUE",
        ):
            return None
        raise
    return ChampionInfo(
        model=model,
        version=str(version.version),
        run_id=version.run_id,
        tags=dict(version.tags),
        created_at=datetime.fromtimestamp(
            version.creation_timestamp / 1000, tz=UTC
        ),
    )


def find_version(
    client: MlflowClient, model: str, tags: dict[str, str]
) -> ModelVersion | None:
    """Return the newest version of a model that carries all the tags, or None where there is none."""
    conditions = [f"name = '{model}'"]
    for name, value in tags.items():
        conditions.append(f"tags.`{name}` = '{value}'")
    versions = client.search_model_versions(" and ".join(conditions))
    return max(versions, key=lambda version: int(version.version), default=None)


def register(
    client: MlflowClient,
    model: str,
    uri: str,
    run_id: str,
    tags: dict[str, str],
    model_id: str | None = None,
) -> ModelVersion:
    """Register a logged model as the next version of `model`, with its tags from the first moment on.

    `model_id` is what `log_model` gave beside a `models:/` URI, which the server refuses without it.
    """
    try:
        client.create_registered_model(model)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    return client.create_model_version(
        model, uri, run_id=run_id, tags=tags, model_id=model_id
    )


@tracking_errors()
def promote(
    client: MlflowClient, model: str, version: str, against: str | None = ANY
) -> None:
    """Make `version` the champion; the one before becomes `previous`.

    The alias moves in one call, so there is exactly one champion at every moment. Everything else is derived from what
    is stored, so a promotion that was interrupted is completed by running it again.

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
    present_version = present.version if present else None
    if present_version != version:
        if against not in (ANY, present_version):
            raise ChampionChangedError(
                f"version {version} of {model} was judged against version {against}, but {present_version} serves by "
                f"now; start promote_model with version {version} for a new decision"
            )
        client.set_model_version_tag(
            model, version, BEFORE_TAG, present_version or ""
        )
        client.set_registered_model_alias(model, CHAMPION, version)
    _settle(client, model)
    log.info(
        "Champion of %s is version %s, before it %s",
        model,
        version,
        present_version,
    )


@tracking_errors()
def rollback(
    client: MlflowClient, model: str, replaced: str | None = None
) -> ChampionInfo:
    """Make the previous champion the champion again and return it; the replaced version is archived.

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
    previous = aliased(client, model, PREVIOUS)
    if (
        present is None
        or previous is None
        or present.version != previous.version
    ):
        _settle(
            client, model
        )  # completes an interrupted promotion, so that `previous` is the right one
        previous = aliased(client, model, PREVIOUS)
    if previous is None:
        raise NoChampionError(
            f"{model} has no previous champion to roll back to; promote a version by its number instead"
        )
    client.set_registered_model_alias(model, CHAMPION, previous.version)
    _settle(client, model)
    log.warning("Rolled %s back to version %s", model, previous.version)
    return previous


def _settle(client: MlflowClient, model: str) -> None:
    """Bring everything that follows from the champion alias in line with it; safe to repeat.

    It looks again after its own changes: of two promotions at once, the one that ends last sees both, so that aliases
    and lifecycle stages agree in the end.
    """
    for _ in range(SETTLING):
        changed = _follow_champion(client, model)
        if not changed:
            changed = _follow_aliases(client, model)
        if not changed:
            return
    raise ChampionChangedError(
        f"the champion of {model} keeps changing; look for runs that promote at the same time"
    )


def _follow_champion(client: MlflowClient, model: str) -> bool:
    """Set the aliases `previous` and `challenger` as the champion says; return whether anything changed."""
    present = aliased(client, model, CHAMPION)
    if present is None:
        return False
    changed = _set_previous(client, model, present.tags.get(BEFORE_TAG) or None)
    challenger = aliased(client, model, CHALLENGER)
    if challenger is not None and challenger.version == present.version:
        client.delete_registered_model_alias(model, CHALLENGER)
        changed = True
    return changed


def _set_previous(
    client: MlflowClient, model: str, version: str | None
) -> bool:
    """Give the alias `previous` to a version, or to none; return whether anything changed."""
    previous = aliased(client, model, PREVIOUS)
    previous_version = previous.version if previous else None
    if previous_version == version:
        return False
    if version:
        client.set_registered_model_alias(model, PREVIOUS, version)
    else:
        client.delete_registered_model_alias(model, PREVIOUS)
    return True


def _follow_aliases(client: MlflowClient, model: str) -> bool:
    """Set Production, Staging and Archived as the aliases say; versions that never left None stay there.

    Returns:
        Whether there was anything to change.
    """
    changed = False
    aliases = client.get_registered_model(model).aliases
    stage_of_version = {
        str(aliases[alias]): lifecycle_stage
        for alias, lifecycle_stage in LIFECYCLE_STAGES.items()
        if alias in aliases
    }
    for version in client.search_model_versions(f"name = '{model}'"):
        without_alias = (
            "None" if version.current_stage == "None" else "Archived"
        )
        lifecycle_stage = stage_of_version.get(
            str(version.version), without_alias
        )
        if version.current_stage != lifecycle_stage:
            changed = True
            _move_to_lifecycle_stage(
                client, model, version.version, lifecycle_stage
            )
    return changed


def _move_to_lifecycle_stage(
    client: MlflowClient, model: str, version: str, lifecycle_stage: str
) -> None:
    """Move a version to a lifecycle stage, without MLflow's warning that these are deprecated."""
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", FutureWarning
        )  # the guide's readers look for lifecycle stages
        client.transition_model_version_stage(model, version, lifecycle_stage)
