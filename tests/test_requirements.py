"""The lock that MWAA installs agrees with MWAA's own constraints."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MWAA = ROOT.parent / "shared" / "mwaa"
ASKED_FOR = [
    "apache-airflow",
    "apache-airflow-providers-amazon",
    "apache-airflow-providers-slack",
    "apache-airflow-providers-smtp",
    "mlflow-skinny",
    "scikit-learn",
    "imbalanced-learn",
    "xgboost-cpu",
    "lightgbm",
    "pandas",
    "evidently",
    "boto3",
    "shap",
]


def pins(path: Path) -> dict[str, str]:
    """Normalised package name to exact version."""
    found = re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^\s;#]+)", path.read_text(), flags=re.MULTILINE)
    return {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in found}


@pytest.mark.parametrize("package", ASKED_FOR)
def test_every_package_of_the_stack_is_pinned(package: str) -> None:
    assert package in pins(ROOT / "requirements.txt")


def test_every_line_is_an_exact_pin() -> None:
    lines = [line for line in (ROOT / "requirements.txt").read_text().splitlines() if line and not line.startswith("#")]
    assert [line for line in lines if not re.fullmatch(r"[A-Za-z0-9._-]+(\[[a-z0-9,_-]+\])?==\S+( ; .+)?", line)] == []


def test_mwaa_keeps_forcing_its_own_constraints() -> None:
    text = (ROOT / "requirements.txt").read_text()
    assert "-c " not in text
    assert "--constraint " not in text


def test_the_local_stack_uses_the_same_pins_as_production() -> None:
    development = pins(ROOT / "requirements-dev.txt")
    differing = {name: (version, development.get(name)) for name, version in pins(ROOT / "requirements.txt").items()}
    assert {name: both for name, both in differing.items() if both[0] != both[1]} == {}


@pytest.mark.skipif(not MWAA.is_dir(), reason="AWS's constraint files lie beside the project only on its own machines")
@pytest.mark.parametrize("file", ["constraints-3.2.1.txt", "essential-constraints-3.2.1.txt"])
def test_no_pin_contradicts_awss_constraints(file: str) -> None:
    ours, theirs = pins(ROOT / "requirements.txt"), pins(MWAA / file)
    assert theirs, f"{file} names no version at all"
    assert {
        name: (ours[name], theirs[name]) for name in ours.keys() & theirs.keys() if ours[name] != theirs[name]
    } == {}
