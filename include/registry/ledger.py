"""Reads and writes the ledger of champions: which version of a model was promoted last, and with which files.

It is one small JSON object a model in S3. Whoever writes in MLflow can move the alias `champion`; here only promotions
and rollbacks write, and on AWS only MWAA's role may (infra/templates/roles.yaml). Every earlier entry is a version of
the object, and a row of the table of promotions (include/promotion/ledger.py).
"""

import logging
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError
from mlflow.entities.model_registry import ModelVersion
from pydantic import BaseModel, ConfigDict, ValidationError

from include.contract import Contract
from include.lake.errors import ObjectMissingError
from include.lake.layout import Layout
from include.lake.objects import read_json, write_json
from include.registry.errors import LedgerUnreadableError
from include.settings import Settings

log = logging.getLogger(__name__)


class LedgerEntry(BaseModel):
    """The last promotion or rollback of a model.

    Attributes:
        model: registered model.
        version: the champion.
        run_id: MLflow run that logged it; a model that was made anew counts its versions from 1 again.
        files_sha256: digest of its files, None where nobody recorded one.
        replaced: the version that MLflow's alias named before, None where there was no alias.
        completed: whether the alias has followed. Until then it may name `replaced` still.
        files_before: digests of earlier champions, by version, for the way back to them.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    model: str
    version: str
    run_id: str | None = None
    files_sha256: str | None = None
    replaced: str | None = None
    completed: bool = True
    files_before: dict[str, str] = {}

    def means(self, version: ModelVersion) -> bool:
        """Return whether a registered version is the one that was promoted."""
        same_number = str(version.version) == self.version
        return same_number and self.run_id in (None, version.run_id)

    def allows(self, alias: str | None) -> bool:
        """Return whether the alias may name a version (None: there is no alias), if promotions alone have moved it."""
        if alias == self.version:
            return True
        return not self.completed and alias == self.replaced

    def digest_of(self, version: str) -> str | None:
        """Return the digest of a present or earlier champion, None where the ledger has none."""
        if version == self.version:
            return self.files_sha256
        return self.files_before.get(version)

    def followed_by(
        self, version: ModelVersion, digest: str | None, alias: str | None
    ) -> "LedgerEntry":
        """Return the entry of the next champion, whose alias has not moved yet."""
        digests = dict(self.files_before)
        if self.files_sha256:
            digests[self.version] = self.files_sha256
        entry = first_entry(self.model, version, digest, alias)
        return entry.model_copy(update={"files_before": digests})


def first_entry(
    model: str, version: ModelVersion, digest: str | None, alias: str | None
) -> LedgerEntry:
    """Return the entry of the first champion of a ledger, whose alias has not moved yet.

    Args:
        model: registered model.
        version: the champion.
        digest: of its files, None where nobody recorded one.
        alias: number of the version that MLflow's alias names, None where there is no alias.
    """
    return LedgerEntry(
        model=model,
        version=str(version.version),
        run_id=version.run_id,
        files_sha256=digest,
        replaced=alias,
        completed=False,
    )


@dataclass(frozen=True)
class ChampionLedger:
    """The ledger of one contract's models; `folder` is the S3 URI of a folder."""

    folder: str

    @classmethod
    def of(cls, settings: Settings, contract: Contract) -> "ChampionLedger":
        """Return the ledger of a contract."""
        return cls(Layout(settings, contract).ledger)

    def uri(self, model: str) -> str:
        """Return where the entry of a model lies."""
        return f"{self.folder}{model}.json"

    def read(self, model: str) -> LedgerEntry | None:
        """Return the entry of a model, or None where nothing was promoted since there is a ledger.

        Raises:
            LedgerUnreadableError: S3 does not answer or refuses, or the object is no entry. The alias is no way out.
        """
        uri = self.uri(model)
        try:
            return LedgerEntry.model_validate(read_json(uri))
        except ObjectMissingError:
            return None
        except (
            ClientError,
            BotoCoreError,
            ValidationError,
            ValueError,
        ) as error:
            raise LedgerUnreadableError(
                f"{uri} cannot be read ({type(error).__name__}), so nobody can tell which version of {model} was "
                "promoted; check the way to S3, or restore the object's version before"
            ) from error

    def write(self, entry: LedgerEntry) -> None:
        """Store an entry over the one before. Raises ObjectMissingError without the bucket, and what S3 refuses."""
        write_json(self.uri(entry.model), entry.model_dump(mode="json"))

    def complete(self, model: str, version: str) -> None:
        """Note that the alias has followed, unless another version was promoted meanwhile."""
        entry = self.read(model)
        if entry and entry.version == version and not entry.completed:
            self.write(entry.model_copy(update={"completed": True}))
