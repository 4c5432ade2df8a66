"""Packs all champions into the model.tar.gz that a SageMaker endpoint unpacks below /opt/ml/model."""

import gzip
import logging
import tarfile
from hashlib import file_digest
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from include.contract import Contract, KnownAt
from include.lake.errors import ObjectMissingError
from include.lake.layout import Layout
from include.lake.objects import read_bytes, upload_file
from include.registry.errors import NoChampionError
from include.registry.model_files import download
from include.registry.registry import ChampionInfo
from include.scoring.model_folder import outcome_folder, write_index
from include.scoring.stages import find_champions
from include.settings import Settings
from include.unify.published import PACKED

log = logging.getLogger(__name__)

ARCHIVE = "model.tar.gz"


def bundle(
    settings: Settings, contract: Contract, target_uri: str
) -> dict[str, Any]:
    """Pack the present champions of every outcome and upload the archive, the same bytes for the same champions.

    For a contract with sources it holds too what the last run published of all leads together. A further outcome
    without a champion is packed as such.

    Args:
        settings: where MLflow is.
        contract: what a lead is.
        target_uri: S3 URI of the archive (ending in .tar.gz), or of the folder to put `model.tar.gz` into.

    Returns:
        model_data_url: URI of the archive; sha256: of its bytes without what a run published, in hex; versions: stages
        with their versions, such as `contact-7-capture-3`, which may be part of a name on AWS. Where the contract has
        several outcomes, outcomes: further outcome to its versions. Where a run published counts, counts_sha256: of
        those.

    Raises:
        NoChampionError: nothing has been promoted for any stage of the main outcome.
        ModelUnreadableError: a champion's artefact cannot be had, or its files are not those that were registered.
        TrackingUnavailableError: MLflow does not answer.
        ObjectMissingError: there is no such bucket.
    """
    uri = target_uri
    if not uri.endswith(".tar.gz"):
        uri = f"{target_uri.rstrip('/')}/{ARCHIVE}"
    champions = find_champions(settings, contract)
    with TemporaryDirectory() as work:
        folder = Path(work, "model")
        archive = Path(work, ARCHIVE)
        lay_out(folder, champions)
        further = _lay_out_further(folder, settings, contract)
        pack(folder, archive)
        packed: dict[str, Any] = {
            "model_data_url": uri,
            "sha256": _digest(archive),
            "versions": _versions_text(champions),
        }
        if further:
            packed["outcomes"] = further
        add_published(folder, Layout(settings, contract))
        counts = folder / PACKED
        if counts.exists():
            packed["counts_sha256"] = _digest(counts)
            pack(folder, archive)
        upload_file(archive, uri)
    log.info("Packed %s", packed)
    return packed


def _lay_out_further(
    folder: Path, settings: Settings, contract: Contract
) -> dict[str, str]:
    """Lay out the champions of each further outcome; return outcome to its versions, for those that have a champion."""
    versions: dict[str, str] = {}
    for view in contract.views[1:]:
        try:
            champions = find_champions(settings, view)
        except NoChampionError as error:
            log.warning(
                "Outcome %s is packed without one: %s", view.outcome, error
            )
            champions = {}
        target = outcome_folder(folder, view)
        target.mkdir(parents=True)
        lay_out(target, champions)
        if champions:
            versions[view.outcome] = _versions_text(champions)
    return versions


def _versions_text(champions: dict[KnownAt, ChampionInfo]) -> str:
    parts = [f"{stage}-{info.version}" for stage, info in champions.items()]
    return "-".join(parts)


def _digest(path: Path) -> str:
    with path.open("rb") as content:
        return file_digest(content, "sha256").hexdigest()


def lay_out(folder: Path, champions: dict[KnownAt, ChampionInfo]) -> None:
    """Fill a new folder with the model folder of each stage and the index of them."""
    for stage, info in champions.items():
        target = folder / stage
        target.mkdir(parents=True)
        download(info, target)
    write_index(folder, champions)


def add_published(folder: Path, layout: Layout) -> None:
    """Add the counts of rates that the last run published: the container can ask nobody for them."""
    if not layout.contract.unify:
        return
    try:
        packed = read_bytes(layout.published)
    except ObjectMissingError:
        log.warning(
            "No run has published counts of rates: the endpoint tells rates of one lead as missing"
        )
        return
    (folder / PACKED).write_bytes(packed)


def pack(folder: Path, archive: Path) -> None:
    """Pack what lies in `folder`; neither times, owners nor the order on disk reach the bytes."""
    with (
        archive.open("wb") as raw,
        gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as packed,
        tarfile.open(
            fileobj=packed, mode="w", format=tarfile.PAX_FORMAT
        ) as tar,
    ):
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                entry = tarfile.TarInfo(path.relative_to(folder).as_posix())
                entry.size = path.stat().st_size
                entry.mode = 0o644
                with path.open("rb") as content:
                    tar.addfile(entry, content)
