"""Says which version serves: the ledger is the truth, MLflow's aliases and lifecycle stages follow it (guide 17.2).

A ledger that has no entry of a model, or no ledger at all (None, as in benchmarks without a lake), leaves it to the
alias.
"""

import logging
from dataclasses import dataclass, replace
from functools import lru_cache

from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from include.registry.errors import (
    ChampionChangedError,
    DigestMissingError,
    ModelFilesChangedError,
    NoChampionError,
    VersionNotReadyError,
)
from include.registry.ledger import (
    ChampionLedger,
    LedgerEntry,
    first_entry,
)
from include.registry.settling import settle
from include.registry.tracking import tracking_errors
from include.registry.versions import (
    ABSENT,
    CHALLENGER,
    CHAMPION,
    DIGEST_TAG,
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


@dataclass(frozen=True)
class Standing:
    """Who is champion of a model, and whether MLflow's alias says something else.

    Attributes:
        champion: the version, None where there is none.
        alias: the version that the alias names though no promotion put it there; "" where the alias is gone, None
            where it is as promotions left it, or where there is no ledger entry that could tell.
    """

    champion: ChampionInfo | None
    alias: str | None = None

    @property
    def refusal(self) -> str | None:
        """Return what to say of an alias that was moved by hand, None of one that was not."""
        if self.champion is None or self.alias is None:
            return None
        model = self.champion.model
        serving = self.champion.version
        if not self.alias:
            return (
                f"the alias champion of {model} was deleted outside promote_model and does not count: version "
                f"{serving} goes on serving; set the alias on it again"
            )
        return (
            f"the alias champion of {model} was moved to version {self.alias} outside promote_model and does not "
            f"count: version {serving}, the ledger's, goes on serving; to have version {self.alias} judged and "
            f"promoted, start promote_model with it, else move the alias back to {serving}"
        )


@tracking_errors()
def standing(
    client: MlflowClient, model: str, ledger: ChampionLedger | None = None
) -> Standing:
    """Return the champion of a registered model and whether its alias was moved by hand.

    The ledger is written before the alias and marked after it. It is read again after an alias that does not fit:
    where it has changed meanwhile, a promotion was at work and both are looked at anew.

    Args:
        client: of the MLflow server.
        model: registered model.
        ledger: of the contract; without an entry the alias counts.

    Raises:
        LedgerUnreadableError: the ledger cannot be read; the alias is not asked in its place.
        TrackingUnavailableError: MLflow does not answer.
    """
    entry = ledger.read(model) if ledger else None
    while True:
        version = _aliased_version(client, model, CHAMPION)
        if ledger is None or entry is None:
            if version is None:
                return Standing(None)
            if ledger:
                say_that_the_alias_counts(model)
            return Standing(describe(model, version))
        alias = str(version.version) if version else None
        if entry.allows(alias):
            break
        newer = ledger.read(model)
        if newer == entry:
            return Standing(
                _promoted(client, entry, version), alias=alias or ""
            )
        entry = newer
    return Standing(_promoted(client, entry, version))


@lru_cache
def say_that_the_alias_counts(model: str) -> None:
    """Log, once in a process, that a model has no entry in the ledger yet."""
    log.warning(
        "The ledger has no entry of %s yet, so MLflow's alias says who is champion; the next promotion begins it",
        model,
    )


def champion(
    client: MlflowClient, model: str, ledger: ChampionLedger | None = None
) -> ChampionInfo | None:
    """Return the champion of a registered model, or None where there is none: before the first promotion, or deleted.

    Its digest is the ledger's, where there is one.

    Raises:
        LedgerUnreadableError: the ledger cannot be read.
        TrackingUnavailableError: MLflow does not answer.
    """
    return standing(client, model, ledger).champion


def _promoted(
    client: MlflowClient, entry: LedgerEntry, version: ModelVersion | None
) -> ChampionInfo | None:
    """Return the version of a ledger's entry, or None where it is gone; `version` is the one that has the alias."""
    if version is None or str(version.version) != entry.version:
        try:
            version = client.get_model_version(entry.model, entry.version)
        except MlflowException as error:
            if error.error_code in ABSENT:
                return None
            raise
    if not entry.means(version):
        return None
    return _as_entered(describe(entry.model, version), entry)


def _as_entered(info: ChampionInfo, entry: LedgerEntry | None) -> ChampionInfo:
    """Return a version with the digest that the ledger has of it, in place of the tag's."""
    digest = entry.digest_of(info.version) if entry else None
    if digest is None:
        return info
    return replace(info, tags=info.tags | {DIGEST_TAG: digest})


@tracking_errors()
def lost_champion(
    client: MlflowClient, model: str, ledger: ChampionLedger | None = None
) -> str | None:
    """Return why a model without a champion had one once, in words, or None where nothing tells of one.

    Raises:
        LedgerUnreadableError: the ledger cannot be read.
        TrackingUnavailableError: MLflow does not answer.
    """
    entry = ledger.read(model) if ledger else None
    registered = read_versions(client, model, entry)
    if registered is None or registered.aliased(CHAMPION):
        return None
    previous = registered.aliased(PREVIOUS)
    predecessor = f"; version {previous} served before" if previous else ""
    if entry:
        return f"the ledger names version {entry.version}, which was deleted{predecessor}"
    if CHAMPION in registered.aliases:
        version = registered.aliases[CHAMPION]
        return f"the alias champion names version {version}, which was deleted"
    if previous is None:
        return None
    return f"its champion or the alias was deleted{predecessor}"


def aliased(
    client: MlflowClient, model: str, alias: str
) -> ChampionInfo | None:
    """Return the version that carries an alias, or None where no version does; for the champion ask `champion`."""
    version = _aliased_version(client, model, alias)
    return describe(model, version) if version else None


@tracking_errors()
def challenger(
    client: MlflowClient, model: str, ledger: ChampionLedger
) -> ChampionInfo | None:
    """Return the version that the gate may judge, or None where no version carries the alias.

    Raises:
        DigestMissingError: as `require_digest`.
        LedgerUnreadableError: the ledger cannot be read.
        TrackingUnavailableError: MLflow does not answer.
    """
    info = aliased(client, model, CHALLENGER)
    return require_digest(info, ledger) if info else None


def require_digest(info: ChampionInfo, ledger: ChampionLedger) -> ChampionInfo:
    """Return a version with the digest of its files, the ledger's before the tag's.

    Before the first promotion of its model it may have none, and the ledger's champion may be one of before digests.

    Raises:
        DigestMissingError: nobody recorded one, so loading the version would run whatever its files hold.
        LedgerUnreadableError: the ledger cannot be read.
    """
    entry = ledger.read(info.model)
    vouched = _as_entered(info, entry)
    if entry is None or entry.version == info.version:
        return vouched
    if DIGEST_TAG not in vouched.tags:
        raise DigestMissingError(
            f"version {info.version} of {info.model} was registered without a digest of its files (tag {DIGEST_TAG}), "
            "so nobody can tell what loading it would run, and it is not loaded; register models with train_models, "
            f"and find out who registered this one of run {info.run_id or 'unknown'}"
        )
    return vouched


def _aliased_version(
    client: MlflowClient, model: str, alias: str
) -> ModelVersion | None:
    """Return the version that carries an alias, or None where no version does."""
    try:
        return client.get_model_version_by_alias(model, alias)
    except MlflowException as error:
        if error.error_code in ABSENT:
            return None
        raise


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
    client: MlflowClient,
    model: str,
    version: str,
    against: str | None = ANY,
    ledger: ChampionLedger | None = None,
    files_sha256: str | None = None,
) -> None:
    """Make `version` the champion; the one before becomes `previous`.

    The ledger's entry and the alias each change in one call, so there is exactly one champion at every moment.
    Everything else is derived from what is stored, so a promotion that was interrupted is completed by running it
    again. It also confirms an alias that was moved by hand.

    Args:
        client: of the MLflow server.
        model: registered model.
        version: number of the version.
        against: the champion that it was judged against, None where there was none; ANY promotes whoever serves.
        ledger: of the contract.
        files_sha256: digest of the files that were judged, which the ledger records; None takes the version's tag.

    Raises:
        ChampionChangedError: another version serves by now, so the decision says nothing about the present champion.
        LedgerUnreadableError: the ledger cannot be read.
        ModelFilesChangedError: the version's digest is another one than when it was judged.
        VersionNotReadyError: MLflow has not finished registering the version, or failed to.
        TrackingUnavailableError: MLflow does not answer.
        mlflow.exceptions.MlflowException: there is no such version, or no such model.
    """
    candidate = client.get_model_version(model, version)
    _require_ready(model, candidate)
    digest = _judged_digest(model, candidate, files_sha256)
    entry = ledger.read(model) if ledger else None
    registered = read_versions(client, model, entry)
    present = registered.aliased(CHAMPION) if registered else None
    confirmed = present == version and (ledger is None or entry is not None)
    if registered and not confirmed:
        if present != version and against not in (ANY, present):
            raise ChampionChangedError(
                f"version {version} of {model} was judged against version {against}, but {present} serves by "
                f"now; start promote_model with version {version} for a new decision"
            )
        history = registered.history_of_next(version)
        _make_champion(
            client, model, candidate, history, registered, ledger, digest
        )
    _finish(client, model, version, ledger)
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


def _judged_digest(
    model: str, version: ModelVersion, judged: str | None
) -> str | None:
    """Return the digest to enter: of the judged files, else the tag's, None without either.

    Raises:
        ModelFilesChangedError: the tag was changed since.
    """
    present: str | None = version.tags.get(DIGEST_TAG)
    if judged and present not in (None, judged):
        raise ModelFilesChangedError(
            f"the digest of version {version.version} of {model} was changed after the gate had judged it, so it is "
            "not promoted; find out who wrote its tag, and train again"
        )
    return judged or present


def _make_champion(
    client: MlflowClient,
    model: str,
    version: ModelVersion,
    history: tuple[str, ...],
    registered: RegisteredVersions,
    ledger: ChampionLedger | None,
    digest: str | None,
) -> None:
    """Make a version, which remembers the champions before it from the first moment on, the champion.

    The ledger comes before the alias: whoever reads it meanwhile sees that the alias is still to follow.
    """
    number = str(version.version)
    client.set_model_version_tag(
        model, number, HISTORY_TAG, history_text(history)
    )
    if ledger:
        alias = registered.aliases.get(CHAMPION)
        entry = registered.entry
        if entry:
            newer = entry.followed_by(version, digest, alias)
        else:
            newer = first_entry(model, version, digest, alias)
            log.info("The ledger of %s begins with version %s", model, number)
        ledger.write(newer)
    client.set_registered_model_alias(model, CHAMPION, number)


def _finish(
    client: MlflowClient,
    model: str,
    version: str,
    ledger: ChampionLedger | None,
) -> None:
    """Bring aliases and lifecycle stages in line with the champion, and note in the ledger that they are."""
    settle(client, model, ledger)
    if ledger:
        ledger.complete(model, version)


@tracking_errors()
def rollback_target(
    client: MlflowClient,
    model: str,
    replaced: str | None = ANY,
    ledger: ChampionLedger | None = None,
) -> ChampionInfo | None:
    """Return the version that `rollback` would make the champion, or None where it would move no alias.

    Args:
        client: of the MLflow server.
        model: registered model.
        replaced: as for `rollback`.
        ledger: of the contract; the digest of a champion that it knows is the ledger's.

    Raises:
        LedgerUnreadableError: the ledger cannot be read.
        TrackingUnavailableError: MLflow does not answer.
    """
    entry = ledger.read(model) if ledger else None
    registered = read_versions(client, model, entry)
    if registered is None or _is_rolled_back(registered, replaced):
        return None
    target = registered.rollback_target()
    if target is None:
        return None
    version, _ = target
    return _as_entered(describe(model, registered.versions[version]), entry)


@tracking_errors()
def rollback(
    client: MlflowClient,
    model: str,
    replaced: str | None = ANY,
    ledger: ChampionLedger | None = None,
) -> ChampionInfo:
    """Make the last earlier champion that exists the champion again and return it; the replaced version is archived.

    It takes the place of a champion that was deleted, too.

    Args:
        client: of the MLflow server.
        model: registered model.
        replaced: the version to be undone, so that a repeated call does not go back one champion more: None where the
            champion was gone already; ANY undoes whichever serves.
        ledger: of the contract.

    Raises:
        LedgerUnreadableError: the ledger cannot be read.
        NoChampionError: no earlier champion exists, or no model of this name.
        TrackingUnavailableError: MLflow does not answer.
    """
    entry = ledger.read(model) if ledger else None
    registered = read_versions(client, model, entry)
    if registered is None:
        raise NoChampionError(
            f"MLflow has no registered model {model}; if it was renamed there, rename it back"
        )
    serving = registered.aliased(CHAMPION)
    if not _is_rolled_back(registered, replaced):
        target = registered.rollback_target()
        if target is None:
            settle(client, model, ledger)
            raise NoChampionError(
                f"{model} has no previous champion to roll back to; promote a version by its number instead"
            )
        serving, history = target
        version = registered.versions[serving]
        digest = _as_entered(describe(model, version), entry).tags.get(
            DIGEST_TAG
        )
        _make_champion(
            client, model, version, history, registered, ledger, digest
        )
        log.warning("Rolled %s back to version %s", model, serving)
    _finish(client, model, str(serving), ledger)
    info = describe(model, client.get_model_version(model, str(serving)))
    return _as_entered(info, ledger.read(model) if ledger else None)


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
