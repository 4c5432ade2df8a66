"""What `make package` puts into dist/."""

import os
import zipfile
from pathlib import Path

import pytest

from include.infra.package import ROOT, package


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    package(ROOT, tmp_path / "dist")
    return tmp_path / "dist"


def test_dags_carry_the_domain_code_below_them(dist: Path) -> None:
    assert (dist / "dags" / "data_drift_redshift_retrain.py").is_file()
    assert (dist / "dags" / "include" / "settings.py").is_file()
    assert (dist / "dags" / "include" / "contract" / "x_education.yaml").is_file()


def test_what_only_a_laptop_needs_stays_at_home(dist: Path) -> None:
    assert not (dist / "dags" / "include" / "local").exists()
    assert not (dist / "dags" / "include" / "infra").exists()
    assert not list(dist.rglob("__pycache__"))


def test_plugins_zip_holds_the_plugins_and_no_copy_of_include(dist: Path) -> None:
    names = zipfile.ZipFile(dist / "plugins.zip").namelist()
    assert "lead_ops/__init__.py" in names
    assert not [name for name in names if name.startswith("include")]


def test_a_stages_variables_are_exported_by_its_startup_script(tmp_path: Path) -> None:
    package(ROOT, tmp_path / "dist", {"LEADS_BUCKET": "b"})
    assert "export LEADS_BUCKET=b" in (tmp_path / "dist" / "startup.sh").read_text()


def test_identical_input_gives_identical_bytes(dist: Path, tmp_path: Path) -> None:
    os.utime(ROOT / "plugins" / "lead_ops" / "__init__.py")
    package(ROOT, tmp_path / "again")
    for file in dist.rglob("*"):
        if file.is_file():
            assert (tmp_path / "again" / file.relative_to(dist)).read_bytes() == file.read_bytes(), file
