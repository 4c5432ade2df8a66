"""Says which model version serves: aliases are the truth, MLflow's lifecycle stages follow them (guide 17.2)."""

import logging

from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from include.registry.errors import (
    ChampionChangedError,
    NoChampionError,
    VersionNotReadyError,
)
from include.registry.settling import settle
from include.registry.tracking import tracking_errors
from include.registry.versions import (
    ABSENT,
    CHALLENGER,
    CHAMPION,
    HISTORY_TAG,
    PREVIOUS,
    ChampionInfo,
    RegisteredVersions,
    describe,
    history_text,
    read_versions,
)

__all__ = ["CHALLENGER", "CHAMPION", "PREVIOUS", "ChampionInfo"]

log = logging.getLogger(__name__)

ANY = "any"
READY = "READY"


@tracking_errors()
def champion(client: MlflowClient, model: str) -> ChampionInfo | None:
    """Return the champion of a registered model, or None where there is none: before the first promotion, or deleted.

    Raises:
        TrackingUnavailableError: MLflow does not answer.
    """
    return aliased(client, model, CHAMPION)


@tracking_errors()
def lost_champion(client: MlflowClient, model: str) -> str | None:
    """Return why a model without a champion had one once, in words, or None where nothing tells of one.

    Raises:
        TrackingUnavailableError: MLflow does not answer.
    """
    registered = read_versions(client, model)
    if registered is None or registered.aliased(CHAMPION):
        return None
    if CHAMPION in registered.aliases:
        version = registered.aliases[CHAMPION]
        return f"the alias champion names version {version}, which was deleted"
    previous = registered.aliased(PREVIOUS)
    if previous is None:
        return None
    return f"its champion or the alias was deleted; version {previous} served before"


def aliased(
    client: MlflowClient, model: str, alias: str
) -> ChampionInfo | None:
    """Return the version that carries an alias, or None where no version does."""
    try:
        version = client.get_model_version_by_alias(model, alias)
    except MlflowException as error:
        if error.error_code in ABSENT:
            return None
        raise
    return describe(model, version)


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
        VersionNotReadyError: MLflow has not finished registering the version, or failed to.
        TrackingUnavailableError: MLflow does not answer.
        mlflow.exceptions.MlflowException: there is no such version, or no such model.
    """
    _require_ready(model, client.get_model_version(model, version))
    registered = read_versions(client, model)
    present = registered.aliased(CHAMPION) if registered else None
    if registered and present != version:
        if against not in (ANY, present):
            raise ChampionChangedError(
                f"version {version} of {model} was judged against version {against}, but {present} serves by "
                f"now; start promote_model with version {version} for a new decision"
            )
        history = registered.history_of_next(version)
        _make_champion(client, model, version, history)
    settle(client, model)
    log.info(
        "Champion of %s is version %s, before it %s", model, version, present
    )


def _require_ready(model: str, version: ModelVersion) -> None:
    """Raise VersionNotReadyError for a version whose registration has not succeeded."""
    if version.status != READY:
        raise VersionNotReadyError(
            f"version {version.version} of {model} is {version.status}, not {READY}, in MLflow; wait for its "
            "registration, or train again"
        )


def _make_champion(
    client: MlflowClient, model: str, version: str, history: tuple[str, ...]
) -> None:
    """Give the champion alias to a version that remembers the champions before it from the first moment on."""
    client.set_model_version_tag(
        model, version, HISTORY_TAG, history_text(history)
    )
    client.set_registered_model_alias(model, CHAMPION, version)


@tracking_errors()
def rollback_target(
    client: MlflowClient, model: str, replaced: str | None = ANY
) -> ChampionInfo | None:
    """Return the version that `rollback` would make the champion, or None where it would move no alias.

    Args:
        client: of the MLflow server.
        model: registered model.
        replaced: as for `rollback`.

    Raises:
        TrackingUnavailableError: MLflow does not answer.
    """
    registered = read_versions(client, model)
    if registered is None or _is_rolled_back(registered, replaced):
        return None
    target = registered.rollback_target()
    if target is None:
        return None
    return describe(model, registered.versions[target[0]])


@tracking_errors()
def rollback(
    client: MlflowClient, model: str, replaced: str | None = ANY
) -> ChampionInfo:
    """Make the last earlier champion that exists the champion again and return it; the replaced version is archived.

    It takes the place of a champion that was deleted, too.

    Args:
        client: of the MLflow server.
        model: registered model.
        replaced: the version to be undone, so that a repeated call does not go back one champion more: None where the
            champion was gone already; ANY undoes whichever serves.

    Raises:
        NoChampionError: no earlier champion exists, or no model of this name.
        TrackingUnavailableError: MLflow does not answer.
    """
    registered = read_versions(client, model)
    if registered is None:
        raise NoChampionError(
            f"MLflow has no registered model {model}; if it was renamed there, rename it back"
        )
    serving = registered.aliased(CHAMPION)
    if not _is_rolled_back(registered, replaced):
        target = registered.rollback_target()
        if target is None:
            settle(client, model)
            raise NoChampionError(
                f"{model} has no previous champion to roll back to; promote a version by its number instead"
            )
        serving, history = target
        _make_champion(client, model, serving, history)
        log.warning("Rolled %s back to version %s", model, serving)
    settle(client, model)
    return describe(model, client.get_model_version(model, str(serving)))


def _is_rolled_back(
    registered: RegisteredVersions, replaced: str | None
) -> bool:
    """Return whether the champion is another one than the version to be undone, so that only details are left to do.

    Where nobody says which one it is: a rollback that was interrupted leaves the champion with the alias `previous`.
    """
    serving = registered.aliased(CHAMPION)
    if serving is None:
        return False
    if replaced == ANY:
        return serving == registered.aliased(PREVIOUS)
    return serving != replaced
