"""What `make package` puts into dist/."""

import os
import shutil
import zipfile
from pathlib import Path

import pytest

from infra.package import ROOT, package


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    package(ROOT, tmp_path / "dist")
    return tmp_path / "dist"


def test_dags_carry_the_domain_code_below_them(dist: Path) -> None:
    assert (dist / "dags" / "data_drift_redshift_retrain.py").is_file()
    assert (dist / "dags" / "include" / "settings.py").is_file()
    assert (
        dist / "dags" / "include" / "contract" / "x_education.yaml"
    ).is_file()


def test_what_only_a_laptop_needs_stays_at_home(dist: Path) -> None:
    for folder in ("localaws", "infra", "demo"):
        assert not list(dist.rglob(folder)), f"{folder}/ must not be deployed"
    assert not list(dist.rglob("__pycache__"))


def test_plugins_zip_holds_the_plugins_and_no_copy_of_include(
    dist: Path,
) -> None:
    names = zipfile.ZipFile(dist / "plugins.zip").namelist()
    assert "lead_ops/__init__.py" in names
    assert not [name for name in names if name.startswith("include")]


def test_a_stages_variables_are_exported_by_its_startup_script(
    tmp_path: Path,
) -> None:
    package(ROOT, tmp_path / "dist", {"LEADS_BUCKET": "b"})
    assert (
        "export LEADS_BUCKET=b"
        in (tmp_path / "dist" / "startup.sh").read_text()
    )


def test_identical_input_gives_identical_bytes_wherever_whenever_and_by_whomever(
    dist: Path, tmp_path: Path
) -> None:
    """Another checkout: another path with a space, other times, rights and an order of creation turned round."""
    other = tmp_path / "another place"
    names = [
        path.relative_to(ROOT)
        for part in ("dags", "include", "plugins")
        for path in (ROOT / part).rglob("*")
    ]
    before = os.umask(0o077)
    try:
        for name in sorted(
            (name for name in names if (ROOT / name).is_file()), reverse=True
        ):
            (other / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, other / name)
            os.utime(other / name, (1e9, 1e9))
        shutil.copyfile(ROOT / "requirements.txt", other / "requirements.txt")
        package(other, other / "dist")
    finally:
        os.umask(before)
    assert contents(other / "dist") == contents(dist)


def contents(dist: Path) -> dict[str, bytes]:
    return {
        path.relative_to(dist).as_posix(): path.read_bytes()
        for path in dist.rglob("*")
        if path.is_file()
    }
