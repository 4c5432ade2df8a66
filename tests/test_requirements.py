"""The locks that MWAA installs, now and at its next version, agree with MWAA's own constraints."""

import os
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MWAA = Path(os.environ.get("MWAA_CONSTRAINTS", ROOT.parent / "shared" / "mwaa"))
LOCKS = {"3.2.1": "requirements.txt", "3.3.1": "requirements-3.3.1.txt"}
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
    found = re.findall(
        r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^\s;#]+)",
        path.read_text(),
        flags=re.MULTILINE,
    )
    return {
        re.sub(r"[-_.]+", "-", name).lower(): version for name, version in found
    }


@pytest.mark.parametrize("lock", LOCKS.values())
@pytest.mark.parametrize("package", ASKED_FOR)
def test_every_package_of_the_stack_is_pinned(package: str, lock: str) -> None:
    assert package in pins(ROOT / lock)


@pytest.mark.parametrize(("version", "lock"), LOCKS.items())
def test_a_lock_is_of_its_version_of_airflow(version: str, lock: str) -> None:
    assert pins(ROOT / lock)["apache-airflow"] == version
    assert (
        f"for Airflow {version};" in (ROOT / lock).read_text().splitlines()[0]
    )


@pytest.mark.parametrize("lock", LOCKS.values())
def test_every_line_is_an_exact_pin(lock: str) -> None:
    lines = [
        line
        for line in (ROOT / lock).read_text().splitlines()
        if line and not line.startswith("#")
    ]
    assert [
        line
        for line in lines
        if not re.fullmatch(
            r"[A-Za-z0-9._-]+(\[[a-z0-9,_-]+\])?==\S+( ; .+)?", line
        )
    ] == []


@pytest.mark.parametrize("lock", LOCKS.values())
def test_mwaa_keeps_forcing_its_own_constraints(lock: str) -> None:
    text = (ROOT / lock).read_text()
    assert "-c " not in text
    assert "--constraint " not in text


@pytest.mark.parametrize("lock", LOCKS.values())
@pytest.mark.parametrize(
    "package", ["pyspark", "xgboost", "nvidia-nccl-cu12", "mlflow", "torch"]
)
def test_what_would_only_make_a_worker_larger_is_not_in_the_lock(
    package: str, lock: str
) -> None:
    assert package not in pins(ROOT / lock)


@pytest.mark.parametrize("suffix", ["", "-3.3.1"])
def test_the_local_stack_uses_the_same_pins_as_production(suffix: str) -> None:
    development = pins(ROOT / f"requirements-dev{suffix}.txt")
    production = pins(ROOT / f"requirements{suffix}.txt")
    differing = {
        name: (version, development.get(name))
        for name, version in production.items()
    }
    assert {
        name: both for name, both in differing.items() if both[0] != both[1]
    } == {}


@pytest.mark.skipif(
    not MWAA.is_dir(),
    reason="AWS's constraint files lie beside the project, or in the folder MWAA_CONSTRAINTS",
)
@pytest.mark.parametrize(("version", "lock"), LOCKS.items())
@pytest.mark.parametrize("file", ["constraints", "essential-constraints"])
def test_no_pin_contradicts_awss_constraints(
    file: str, version: str, lock: str
) -> None:
    ours, theirs = pins(ROOT / lock), pins(MWAA / f"{file}-{version}.txt")
    assert theirs, f"{file} names no version at all"
    assert {
        name: (ours[name], theirs[name])
        for name in ours.keys() & theirs.keys()
        if ours[name] != theirs[name]
    } == {}


HASHED = (
    "requirements-dev.txt",
    "requirements-dev-3.3.1.txt",
    "docker/airflow-requirements.txt",
    "docker/api-requirements.txt",
    "docker/training-requirements.txt",
    "demo/requirements.txt",
    "infra/requirements.txt",
    "uv-requirements.txt",
)
"""Locks that the project itself installs."""
NOT_HASHED = {
    "requirements.txt",
    "requirements-3.3.1.txt",
    "include/glue/requirements.txt",
    "docker/mlflow-requirements.txt",
}
"""Locks that AWS installs, and the one that travels as a template's parameter: docs/mwaa.md."""


def test_every_lock_is_in_one_of_the_two_lists() -> None:
    found = {
        str(path.relative_to(ROOT))
        for folder in (".", "demo", "docker", "include/glue", "infra")
        for path in (ROOT / folder).glob("*requirements*.txt")
    }
    assert found == {*HASHED} | NOT_HASHED


@pytest.mark.parametrize("lock", HASHED)
def test_every_pin_carries_its_digests(lock: str) -> None:
    text = (ROOT / lock).read_text()
    entries = re.split(r"(?<!\\)\n", text.strip())
    pinned = [line for line in entries if not line.startswith("#")]
    assert pinned
    assert [
        line
        for line in pinned
        if not re.fullmatch(
            r"[A-Za-z0-9._-]+(\[[a-z0-9,_-]+\])?==\S+( ; [^\\]+)?"
            r"( \\\n    --hash=sha256:[0-9a-f]{64})+",
            line,
        )
    ] == []


def test_every_installation_of_the_projects_own_asks_for_digests() -> None:
    commands = []
    for path in (ROOT / "Makefile", *(ROOT / "docker").glob("*.Dockerfile")):
        for line in path.read_text(encoding="utf-8").splitlines():
            if re.search(r"pip (install|sync) ", line):
                commands.append(line)
    assert len(commands) >= 6
    assert [line for line in commands if "--require-hashes" not in line] == []


@pytest.mark.parametrize(
    ("lock", "within"),
    [
        ("infra/requirements.txt", "requirements-dev.txt"),
        ("requirements.txt", "docker/airflow-requirements.txt"),
    ],
)
def test_a_part_has_the_pins_of_the_whole(lock: str, within: str) -> None:
    part, whole = pins(ROOT / lock), pins(ROOT / within)
    assert {
        name: version
        for name, version in part.items()
        if whole.get(name) != version
    } == {}


def test_the_tool_that_installs_the_rest_is_pinned() -> None:
    assert set(pins(ROOT / "uv-requirements.txt")) == {"uv"}
