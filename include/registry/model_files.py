"""Compares a model's files with the digest that its registration recorded, before anything unpickles them."""

import logging
from hashlib import file_digest, sha256
from pathlib import Path
from tempfile import TemporaryDirectory

import mlflow
import mlflow.artifacts
from mlflow.exceptions import MlflowException

from include.registry.errors import (
    ModelFilesChangedError,
    ModelUnreadableError,
    TrackingUnavailableError,
)
from include.registry.tracking import require_server, tracking_errors
from include.registry.versions import DIGEST_TAG, ChampionInfo

log = logging.getLogger(__name__)

WRITTEN_BY_DOWNLOAD = "registered_model_meta"
"""MLflow writes this file beside a model that it downloads; it names model and version, and no code reads it here."""


def folder_digest(folder: Path) -> str:
    """Return the SHA-256, in hex, of the paths and contents of all files below a model's folder."""
    digest = sha256()
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or path.name == WRITTEN_BY_DOWNLOAD:
            continue
        with path.open("rb") as content:
            of_file = file_digest(content, "sha256").hexdigest()
        line = f"{of_file}  {path.relative_to(folder).as_posix()}\n"
        digest.update(line.encode())
    return digest.hexdigest()


def logged_digest(uri: str) -> str:
    """Return `folder_digest` of a model as MLflow has stored it.

    Args:
        uri: what `log_model` returned, `models:/m-…`.
    """
    with TemporaryDirectory() as folder:
        mlflow.artifacts.download_artifacts(uri, dst_path=folder)
        return folder_digest(Path(folder))


def check_files(version: ChampionInfo, folder: Path) -> str:
    """Compare a version's files with what its registration recorded; of a champion, with what the ledger recorded.

    A version from before digests were recorded has none. It passes, with a warning; a challenger without one does not
    come here (`include.registry.registry.challenger`).

    Args:
        version: the registered version.
        folder: its model folder on this machine.

    Returns:
        The digest of the files in the folder.

    Raises:
        ModelFilesChangedError: a file was changed, added or removed since.
    """
    recorded = version.tags.get(DIGEST_TAG)
    present = folder_digest(folder)
    if recorded is None:
        log.warning(
            "%s was registered without a digest of its files, so nobody can tell whether they were changed",
            version.uri,
        )
        return present
    if present != recorded:
        raise ModelFilesChangedError(
            f"the files of {version.uri} are not those that were registered (SHA-256 {present[:12]}… in place of "
            f"{recorded[:12]}…), so it is not loaded; find out who changed the artefact of run {version.run_id}, and "
            "restore it or roll back with promote_model, rollback=true"
        )
    return present


def unreadable(version: ChampionInfo, error: Exception) -> ModelUnreadableError:
    """Return what to raise where a version cannot be loaded: why, and the two ways out."""
    reason = str(error).partition("\n")[0]
    return ModelUnreadableError(
        f"{version.uri} cannot be loaded ({type(error).__name__}: {reason}); aliases stay as they are: restore the "
        f"artefact of run {version.run_id}, or roll back with promote_model, rollback=true"
    )


def download(version: ChampionInfo, target: Path) -> str:
    """Download the model folder of a version into a folder that exists, check its files and return their digest.

    Raises:
        ModelFilesChangedError: the files are not those that were registered.
        ModelUnreadableError: they cannot be downloaded.
        TrackingUnavailableError: MLflow does not answer.
    """
    try:
        with tracking_errors():
            mlflow.artifacts.download_artifacts(
                version.uri, dst_path=str(target)
            )
    except (
        TrackingUnavailableError
    ):  # an OSError too, but a later attempt may succeed
        raise
    except (MlflowException, OSError) as error:
        # MLflow downloads in threads and reports a connection lost there as a missing file.
        require_server(mlflow.get_tracking_uri())
        raise unreadable(version, error) from error
    return check_files(version, target)
