"""What the building half of a deployment hands to the deploying half, and what that half takes."""

import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from infra import checks, release
from infra.errors import NotDeployableError, NotReleasedError
from infra.package import ROOT, package
from infra.release import Release, digest_of, read_release

DAGS = {"score_leads": {"fileloc": "score_leads.py", "schedule": "Asset"}}
OPTIONAL = {"certifi", "setuptools", "tornado"}
"""What botocore, tenacity and Python itself take where it is there."""
MODULES = """
import sys
import infra.deploy
print("\\n".join(sorted({name.split(".")[0] for name in sys.modules})))
"""


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    folder = tmp_path / "dist"
    package(ROOT, folder)
    return folder


def test_the_same_commit_gives_the_same_digest_whatever_the_stage(
    dist: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    package(ROOT, other, {"LEADS_BUCKET": "of-the-stage"})
    assert digest_of(dist) == digest_of(other)


@pytest.mark.parametrize("change", ["content", "name", "more"])
def test_any_other_file_gives_another_digest(dist: Path, change: str) -> None:
    checked = digest_of(dist)
    file = dist / "dags" / "score_leads.py"
    if change == "content":
        file.write_text(file.read_text() + "\n")
    elif change == "name":
        file.rename(file.with_name("score_leads2.py"))
    else:
        (dist / "dags" / "more.py").write_text("")
    assert digest_of(dist) != checked


def test_what_was_checked_survives_its_line(dist: Path) -> None:
    checked = Release("3.2.1", digest_of(dist), DAGS)
    assert "\n" not in checked.line()
    assert read_release(checked.line()) == checked
    checked.require(dist, "3.2.1")  # does not raise


def test_files_that_were_not_checked_are_refused(dist: Path) -> None:
    checked = Release("3.2.1", digest_of(dist), DAGS)
    (dist / "dags" / "score_leads.py").write_text("import os")
    with pytest.raises(NotDeployableError, match="not those that were checked"):
        checked.require(dist, "3.2.1")


def test_a_check_under_another_airflow_is_none(dist: Path) -> None:
    checked = Release("3.2.1", digest_of(dist), DAGS)
    with pytest.raises(NotDeployableError, match="checked with Airflow 3.2.1"):
        checked.require(dist, "3.3.1")


@pytest.mark.parametrize("line", ["", "{}", "nothing", '{"digest": "1"}', "[]"])
def test_a_deployment_that_was_told_of_no_check_does_not_begin(
    line: str,
) -> None:
    with pytest.raises(NotReleasedError, match="run `make release` first"):
        read_release(line)


def test_a_finding_of_any_check_is_no_release(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    constraints = tmp_path / "constraints.txt"
    constraints.write_text("boto3==0.1\n")
    monkeypatch.setattr(checks, "templates", lambda region: ["E1 wrong"])
    monkeypatch.setattr(checks, "secrets_in", lambda folder: [])
    monkeypatch.setattr(checks, "parse_dags", lambda dist, version: (DAGS, []))
    with pytest.raises(NotDeployableError) as refusal:
        release.release(ROOT, tmp_path / "dist", constraints)
    assert "E1 wrong" in str(refusal.value)
    assert "boto3" in str(refusal.value)


def test_the_deploying_half_imports_nothing_that_its_lock_lacks() -> None:
    done = subprocess.run(
        [sys.executable, "-c", MODULES],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    lock = (ROOT / "infra" / "requirements.txt").read_text(encoding="utf-8")
    locked = {
        canonicalize_name(line.split("==")[0])
        for line in lock.splitlines()
        if "==" in line and not line.startswith("#")
    }
    distributions = packages_distributions()
    needed = {
        canonicalize_name(name)
        for module in done.stdout.split()
        for name in distributions.get(module, [])
    }
    assert needed - locked <= OPTIONAL
