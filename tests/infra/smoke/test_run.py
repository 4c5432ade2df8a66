"""The report of a smoke run: every step is tried, what failed is named, and everything is cleaned."""

import ast
from types import SimpleNamespace
from typing import Any

import pytest

from infra.errors import DeploymentError
from infra.package import ROOT
from infra.smoke import warehouse
from infra.smoke.__main__ import prepare
from infra.smoke.run import Cleaning, Step, expectations, run_steps
from infra.smoke.scratch import stage_settings


def _fails() -> dict[str, object]:
    raise RuntimeError("no such bucket")


def test_a_failed_step_is_named_the_others_run_and_everything_is_cleaned(
    caplog: pytest.LogCaptureFixture,
) -> None:
    cleaned: list[str] = []
    cleaning = Cleaning()
    cleaning.add("table", lambda: cleaned.append("table"))
    cleaning.add("folder", lambda: cleaned.append("folder"))
    steps = [
        Step("copy", _fails),
        Step("unload", lambda: {"encryption": "AES256", "rows": 1}),
        Step("query", lambda: {"leads": 2}),
    ]
    expected = {
        "copy": {},
        "unload": {"encryption": "aws:kms", "rows": 1},
        "query": {"leads": 2},
    }
    with caplog.at_level("INFO"):
        status = run_steps(steps, cleaning, expected)
    assert status == 1
    assert cleaned == ["folder", "table"]
    assert caplog.messages == [
        "failed   copy: RuntimeError: no such bucket",
        "differs  unload: encryption: 'AES256'; local AWS answers 'aws:kms'",
        "ok       query (0 s)",
        "ok       cleaning",
    ]


def test_what_could_not_be_removed_is_named_and_the_rest_is_removed(
    caplog: pytest.LogCaptureFixture,
) -> None:
    cleaned: list[str] = []
    cleaning = Cleaning()
    cleaning.add("table", lambda: cleaned.append("table"))
    cleaning.add("folder", _fails)
    with caplog.at_level("INFO"):
        status = run_steps([], cleaning, {})
    assert status == 1
    assert cleaned == ["table"]
    assert caplog.messages == [
        "failed   cleaning: folder: RuntimeError: no such bucket"
    ]


def test_an_interrupted_run_is_cleaned_too() -> None:
    def interrupted() -> dict[str, object]:
        raise KeyboardInterrupt

    cleaned: list[str] = []
    cleaning = Cleaning()
    cleaning.add("table", lambda: cleaned.append("table"))
    with pytest.raises(KeyboardInterrupt):
        run_steps([Step("copy", interrupted)], cleaning, {"copy": {}})
    assert cleaned == ["table"]


def test_nothing_else_than_local_aws_answers_is_a_success() -> None:
    steps = [
        Step(name, lambda facts=facts: facts)
        for name, facts in expectations().items()
    ]
    assert run_steps(steps, Cleaning()) == 0


def test_the_bootstrap_tried_is_that_of_the_dag() -> None:
    file = ROOT / "dags" / "lifecycle" / "platform.py"
    constants = {}
    for node in ast.parse(file.read_text()).body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Tuple):
            (target,) = node.targets
            constants[ast.unparse(target)] = ast.literal_eval(node.value)
    assert constants["TABLES"] == warehouse.TABLES
    assert constants["VIEWS"] == warehouse.VIEWS


def test_a_stage_without_stacks_is_refused() -> None:
    work: Any = SimpleNamespace(
        stacks=SimpleNamespace(outputs=dict),
        environment=SimpleNamespace(name="dev"),
    )
    session: Any = None
    with pytest.raises(DeploymentError, match="make stacks STAGE=dev"):
        prepare(work, session)


def test_the_settings_are_the_stages_and_not_those_of_this_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LEADS_BUCKET", "mine")
    monkeypatch.setenv("LEADS_GLUE_JOB", "mine")
    settings = stage_settings({"LEADS_BUCKET": "of-the-stage"})
    assert settings.s3.bucket == "of-the-stage"
    assert settings.glue.job == "s3ToRedshift"
