"""The uv that installs everything is the pinned one, whatever uv a machine has."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from infra.package import ROOT, pinned_uv, uv_version

PINNED = uv_version()
FETCHED = ".tools/bin/uv"
OTHERS = ["0.1.0", f"{PINNED}0", f"1{PINNED}", PINNED.replace(".", "1", 1)]


def program(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)


def uv(path: Path, version: str) -> None:
    program(path, f'echo "uv {version} (x86_64-unknown-linux-gnu)"')


def make(root: Path, recipe: str) -> str:
    """Run a recipe in the project's Makefile, with the programs of root/bin first."""
    path = f"{root / 'bin'}:{os.environ['PATH']}"
    done = subprocess.run(
        ["make", "--silent", f"--eval=recipe: ; @{recipe}", "recipe"],
        cwd=root,
        env=os.environ | {"PATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in ("Makefile", "requirements.in", "uv-requirements.in"):
        shutil.copy(ROOT / name, tmp_path)
    fetch = tmp_path / FETCHED
    pip = tmp_path / ".tools/bin/pip"
    program(tmp_path / "bin/python3", f"mkdir -p {pip.parent}; touch asked")
    program(
        pip,
        f'echo "$@" > fetched; printf "#!/bin/sh\\necho uv {PINNED}\\n" > {fetch}; chmod 755 {fetch}',
    )
    return tmp_path


@pytest.mark.parametrize("version", OTHERS)
def test_another_uv_on_path_is_not_taken(project: Path, version: str) -> None:
    uv(project / "bin/uv", version)
    assert make(project, "echo $(UV)") == FETCHED


def test_the_pinned_uv_on_path_is_taken_and_nothing_is_fetched(
    project: Path,
) -> None:
    uv(project / "bin/uv", PINNED)
    assert make(project, "$(GET_UV); echo $(UV)") == str(project / "bin/uv")
    assert not (project / "asked").exists()


@pytest.mark.parametrize("former", ["", "0.1.0"])
def test_uv_is_fetched_by_digest_where_none_of_the_version_is_there(
    project: Path, former: str
) -> None:
    if former:
        uv(project / FETCHED, former)
    made = make(project, "$(GET_UV); $(UV) --version")
    assert made == f"uv {PINNED}"
    arguments = (project / "fetched").read_text()
    assert "--require-hashes --requirement uv-requirements.txt" in arguments


def test_a_fetched_uv_of_the_version_stays(project: Path) -> None:
    uv(project / FETCHED, PINNED)
    make(project, "$(GET_UV)")
    assert not (project / "asked").exists()


@pytest.mark.parametrize("version", OTHERS)
def test_the_packaging_takes_no_other_uv_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    uv(tmp_path / "uv", version)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert pinned_uv() == str(ROOT / FETCHED)
    uv(tmp_path / "uv", PINNED)
    assert pinned_uv() == str(tmp_path / "uv")
