"""Build `dist/` as MWAA wants it: `dags/` with include/ below, `plugins.zip`, `requirements.txt`, `startup.sh`.

include/ travels with the DAGs, so code deploys without an environment update; it is never in plugins.zip too,
because plugins/ comes first on MWAA's `sys.path` and a stale copy there would win.

With WHEELS=1 plugins.zip also carries every package of requirements.txt as a wheel, and MWAA installs from there alone:
for a network without a way to PyPI.
"""

import logging
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

from infra.environments import startup_script
from infra.errors import WheelsError

ROOT = Path(__file__).parents[1]

ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)
PYTHON = "3.12"
PLATFORMS = (
    *(f"manylinux_2_{minor}_x86_64" for minor in range(28, 4, -1)),
    "manylinux2014_x86_64",
    "manylinux2010_x86_64",
    "manylinux1_x86_64",
)
"""Of MWAA's workers: the locks are made for manylinux_2_28, and pip takes no older name for a newer one."""
OFFLINE = "--no-index\n--find-links /usr/local/airflow/plugins\n"
"""First lines of an offline requirements.txt: MWAA lays plugins.zip out there (aws/amazon-mwaa-docker-images#457)."""
PLUGINS_BYTES = 1_000_000_000
"""AWS's limit for plugins.zip (configuring-dag-import-plugins.html)."""

log = logging.getLogger(__name__)


def package(
    root: Path,
    dist: Path,
    variables: Mapping[str, str] | None = None,
    wheels: Path | None = None,
) -> list[Path]:
    """Write the four parts of a deployment below `dist`, which is emptied first.

    Identical input gives byte-identical files.

    Args:
        root: the project.
        dist: where to.
        variables: what startup.sh exports; none leaves every setting at its default.
        wheels: folder of the packages that MWAA shall install without an index; None: it fetches them from PyPI.

    Returns:
        Every written file, sorted.
    """
    shutil.rmtree(dist, ignore_errors=True)
    _copy(root / "dags", dist / "dags")
    _copy(root / "include", dist / "dags" / "include")
    _zip([root / "plugins", *([wheels] if wheels else [])], dist)
    requirements = (root / "requirements.txt").read_text(encoding="utf-8")
    if wheels:
        requirements = OFFLINE + requirements
    (dist / "requirements.txt").write_text(requirements, encoding="utf-8")
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


def _zip(folders: list[Path], dist: Path) -> None:
    """Write plugins.zip with the files of all folders at its top. Raises WheelsError where MWAA would not take it."""
    dist.mkdir(parents=True, exist_ok=True)
    target = dist / "plugins.zip"
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for folder in folders:
            for file in _sources(folder):
                entry = zipfile.ZipInfo(
                    str(file.relative_to(folder)), date_time=ZIP_EPOCH
                )
                is_packed = file.suffix == ".whl"
                entry.compress_type = (
                    zipfile.ZIP_STORED if is_packed else zipfile.ZIP_DEFLATED
                )
                entry.external_attr = 0o644 << 16
                archive.writestr(entry, file.read_bytes())
    size = target.stat().st_size
    if size > PLUGINS_BYTES:
        raise WheelsError(
            f"plugins.zip has {size} bytes, and MWAA takes {PLUGINS_BYTES}: take packages out of requirements.in"
        )


def requested_wheels(root: Path) -> Path | None:
    """Fetch the wheels of requirements.txt where WHEELS=1 asks for them; return their folder, else None."""
    if os.environ.get("WHEELS") != "1":
        return None
    folder = root / ".wheels"
    shutil.rmtree(folder, ignore_errors=True)
    download(root / "requirements.txt", folder)
    return folder


def uv_version() -> str:
    """Return the version of uv that this project pins."""
    pins = (ROOT / "uv-requirements.in").read_text(encoding="utf-8")
    (version,) = re.findall(r"^uv==(\S+)$", pins, re.MULTILINE)
    return str(version)


def pinned_uv() -> str:
    """Return the pinned uv: that of PATH where it is of this version, else the one that `make setup` fetched."""
    uv = shutil.which("uv")
    if uv:
        completed = subprocess.run(  # noqa: S603 - a program of PATH
            [uv, "--version"], capture_output=True, text=True, check=False
        )
        if completed.stdout.split()[:2] == ["uv", uv_version()]:
            return uv
    return str(ROOT / ".tools" / "bin" / "uv")


def download(requirements: Path, folder: Path) -> None:
    """Fetch a lock's packages as wheels for MWAA's machines. Raises WheelsError with pip's own words."""
    command = [pinned_uv(), "tool", "run", "--quiet", "pip", "download"]
    command += ["--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--only-binary", ":all:", "--python-version", PYTHON]
    command += ["--implementation", "cp", "--abi", "cp312", "--abi", "abi3"]
    command += ["--abi", "none"]
    for platform in PLATFORMS:
        command += ["--platform", platform]
    command += ["--dest", str(folder), "--requirement", str(requirements)]
    completed = subprocess.run(  # noqa: S603 - our own words
        command, capture_output=True, text=True, check=False
    )
    if completed.returncode != 0:
        raise WheelsError(
            f"not every package is there as a wheel:\n{completed.stderr[-2000:]}"
        )


def main() -> None:
    """Run the command line: exit status 1 and the reason where nothing was packed."""
    logging.basicConfig(
        level=logging.INFO, format="%(message)s", stream=sys.stdout
    )
    try:
        paths = package(ROOT, ROOT / "dist", wheels=requested_wheels(ROOT))
    except WheelsError as error:
        log.error("%s", error)
        sys.exit(1)
    for path in paths:
        log.info("%s  %d bytes", path.relative_to(ROOT), path.stat().st_size)


if __name__ == "__main__":
    main()
