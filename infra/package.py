"""Build `dist/` as MWAA wants it: `dags/` with include/ below, `plugins.zip`, `requirements.txt`, `startup.sh`.

include/ travels with the DAGs, so code deploys without an environment update; it is never in plugins.zip too,
because plugins/ comes first on MWAA's `sys.path` and a stale copy there would win.
"""

import logging
import shutil
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

from infra.environments import startup_script

ROOT = Path(__file__).parents[1]

ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)

log = logging.getLogger(__name__)


def package(
    root: Path, dist: Path, variables: Mapping[str, str] | None = None
) -> list[Path]:
    """Write the four parts of a deployment below `dist`, which is emptied first.

    Identical input gives byte-identical files.

    Args:
        root: the project.
        dist: where to.
        variables: what startup.sh exports; none leaves every setting at its default.

    Returns:
        Every written file, sorted.
    """
    shutil.rmtree(dist, ignore_errors=True)
    _copy(root / "dags", dist / "dags")
    _copy(root / "include", dist / "dags" / "include")
    _zip(root / "plugins", dist / "plugins.zip")
    shutil.copyfile(root / "requirements.txt", dist / "requirements.txt")
    (dist / "startup.sh").write_text(
        startup_script(variables or {}), encoding="utf-8"
    )
    return sorted(path for path in dist.rglob("*") if path.is_file())


def _sources(folder: Path) -> list[Path]:
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    )


def _copy(source: Path, target: Path) -> None:
    for file in _sources(source):
        copy = target / file.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, copy)


def _zip(folder: Path, target: Path) -> None:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in _sources(folder):
            entry = zipfile.ZipInfo(
                str(file.relative_to(folder)), date_time=ZIP_EPOCH
            )
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, file.read_bytes())


if __name__ == "__main__":
    logging.basicConfig(
        level=logging.INFO, format="%(message)s", stream=sys.stdout
    )
    for path in package(ROOT, ROOT / "dist"):
        log.info("%s  %d bytes", path.relative_to(ROOT), path.stat().st_size)
