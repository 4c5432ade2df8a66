"""Reads a registered model: its versions, and which of them the aliases and the history name.

Whatever is named is looked up: versions are deleted, and aliases are moved, on MLflow's pages too.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from include.registry.ledger import LedgerEntry

CHAMPION = "champion"
CHALLENGER = "challenger"
PREVIOUS = "previous"
HISTORY_TAG = "champions_before"
BEFORE_TAG = "champion_before"
"""What earlier releases wrote instead of the history: the one champion before."""
LONGEST_HISTORY = 200
DIGEST_TAG = "files_sha256"
"""Tag of a version: digest of its files as they were when it was registered (include/registry/model_files.py)."""
ABSENT = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")
"""What MLflow answers for a model, a version or an alias that it does not have."""


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


@dataclass(frozen=True)
class RegisteredVersions:
    """A registered model as it was at one moment.

    Attributes:
        aliases: alias to the number of the version that it names, which may be gone.
        versions: number to version, of those that exist.
        entry: what the ledger says of the champion; None leaves it to the alias.
    """

    aliases: dict[str, str]
    versions: dict[str, ModelVersion]
    entry: LedgerEntry | None = None

    def aliased(self, alias: str) -> str | None:
        """Return the version that carries an alias, None where no version does or it is gone.

        Who is champion the ledger says, where there is one.
        """
        if alias == CHAMPION and self.entry:
            return self._promoted(self.entry)
        version = self.aliases.get(alias)
        return version if version in self.versions else None

    def _promoted(self, entry: LedgerEntry) -> str | None:
        """Return the version of the ledger's entry, None where it is gone."""
        version = self.versions.get(entry.version)
        if version is None or not entry.means(version):
            return None
        return entry.version

    def history(self, version: str | None) -> tuple[str, ...]:
        """Return the champions before a version, newest first, as they were when it was promoted; some may be gone."""
        if version not in self.versions:
            return ()
        tags = self.versions[version].tags
        if HISTORY_TAG in tags:
            return _split(tags[HISTORY_TAG])
        before: list[str] = []
        while version in self.versions:
            version = self.versions[version].tags.get(BEFORE_TAG)
            if not version or version in before:
                break
            before.append(version)
        return tuple(before)

    def history_of_next(self, version: str) -> tuple[str, ...]:
        """Return the history that a version will have when it is promoted now.

        Where the champion is gone, the one before it is the last that served.
        """
        last = self.aliased(CHAMPION) or self.aliased(PREVIOUS)
        if last is None:
            return ()
        if last == version:
            return self.history(last)
        return (last, *self.history(last))

    def rollback_target(self) -> tuple[str, tuple[str, ...]] | None:
        """Return the version that a rollback makes the champion and the history that is left to it, or None.

        It is the last other champion that exists, or, where the champion itself is gone, the one before it.
        """
        present = self.aliased(CHAMPION)
        if present is None:
            previous = self.aliased(PREVIOUS)
            return (
                None if previous is None else (previous, self.history(previous))
            )
        history = self.history(present)
        for place, version in enumerate(history, start=1):
            if version in self.versions and version != present:
                return version, history[place:]
        return None


def read_versions(
    client: MlflowClient, model: str, entry: LedgerEntry | None = None
) -> RegisteredVersions | None:
    """Return the versions and aliases of a registered model, or None where there is no model of that name."""
    try:
        registered = client.get_registered_model(model)
    except MlflowException as error:
        if error.error_code in ABSENT:
            return None
        raise
    versions = client.search_model_versions(f"name = '{model}'")
    return RegisteredVersions(
        aliases={
            alias: str(version) for alias, version in registered.aliases.items()
        },
        versions={str(version.version): version for version in versions},
        entry=entry,
    )


def describe(model: str, version: ModelVersion) -> ChampionInfo:
    """Return what the project needs to know of a version."""
    return ChampionInfo(
        model=model,
        version=str(version.version),
        run_id=version.run_id,
        tags=dict(version.tags),
        created_at=datetime.fromtimestamp(
            version.creation_timestamp / 1000, tz=UTC
        ),
    )


def history_text(history: tuple[str, ...]) -> str:
    """Return a history as its tag holds it, cut to what a tag can hold."""
    return ",".join(history[:LONGEST_HISTORY])


def _split(text: str) -> tuple[str, ...]:
    """Return the versions in the tag's text; a person may have edited it."""
    names = [name.strip() for name in text.split(",")]
    return tuple(name for name in names if name)
