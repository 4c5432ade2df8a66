"""The workflows for GitHub: pinned, timed, with the least rights, and calling what is there."""

import re
from typing import Any

import pytest
import yaml

from infra.environments import STAGES, template
from infra.package import ROOT

FOLDER = ROOT / ".github" / "workflows"
FILES = sorted(FOLDER.glob("*.yml"))
TEXTS = {file.stem: file.read_text(encoding="utf-8") for file in FILES}
WORKFLOWS: dict[str, dict[Any, Any]] = {
    name: yaml.safe_load(text) for name, text in TEXTS.items()
}
JOBS = [
    (name, job)
    for name, workflow in WORKFLOWS.items()
    for job, said in workflow["jobs"].items()
    if "steps" in said
]
"""All but the job that calls another workflow, which has no steps of its own."""
TARGETS = set(
    re.findall(
        r"^([a-z-]+):",
        (ROOT / "Makefile").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
)
ON = True
"""What YAML 1.1 makes of the key `on`."""


def job(workflow: str, name: str) -> dict[str, Any]:
    found: dict[str, Any] = WORKFLOWS[workflow]["jobs"][name]
    return found


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_every_action_is_pinned_to_a_commit_and_says_its_version(
    text: str,
) -> None:
    used = re.findall(r"uses: ([^.].*)", text)
    assert used
    assert [
        line
        for line in used
        if not re.fullmatch(
            r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line
        )
    ] == []


def test_an_action_has_one_version_everywhere() -> None:
    used = {
        line
        for text in TEXTS.values()
        for line in re.findall(r"uses: ([^.].*)", text)
    }
    assert len({line.split("@")[0] for line in used}) == len(used)


@pytest.mark.parametrize(("workflow", "name"), JOBS)
def test_a_job_ends_in_time(workflow: str, name: str) -> None:
    assert 0 < job(workflow, name)["timeout-minutes"] <= 120


@pytest.mark.parametrize(("workflow", "name"), JOBS)
def test_only_the_deploying_job_may_ask_for_a_role_and_nothing_may_write(
    workflow: str, name: str
) -> None:
    rights = job(workflow, name).get(
        "permissions", WORKFLOWS[workflow]["permissions"]
    )
    wanted = {"contents": "read"}
    if (workflow, name) == ("deploy", "deploy"):
        wanted["id-token"] = "write"
    assert rights == wanted


def test_the_job_with_the_role_installs_only_what_it_needs_and_by_digest() -> (
    None
):
    steps = job("deploy", "deploy")["steps"]
    commands = [step["run"] for step in steps if "run" in step]
    assert commands == [
        "make deploy-setup",
        'make deploy-release STAGE="$STAGE" ARGS="$ARGS"',
    ]
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert "--require-hashes --requirement infra/requirements.txt" in makefile
    lock = (ROOT / "infra" / "requirements.txt").read_text(encoding="utf-8")
    assert len(re.findall(r"^[a-z0-9.-]+==", lock, re.MULTILINE)) < 25


def test_the_role_comes_after_every_installation() -> None:
    steps = job("deploy", "deploy")["steps"]
    (role,) = [
        place
        for place, step in enumerate(steps)
        if "configure-aws-credentials" in step.get("uses", "")
    ]
    (setup,) = [
        place
        for place, step in enumerate(steps)
        if step.get("run") == "make deploy-setup"
    ]
    assert setup < role


def test_both_halves_read_the_same_commit_and_the_second_is_told_what_the_first_has_checked() -> (
    None
):
    build, deploy = job("deploy", "build"), job("deploy", "deploy")
    commits = {
        step["with"]["ref"]
        for steps in (build["steps"], deploy["steps"])
        for step in steps
        if "checkout" in step.get("uses", "")
    }
    assert commits == {
        "${{ github.event.workflow_run.head_sha || github.sha }}"
    }
    assert build["outputs"] == {
        "release": "${{ steps.release.outputs.release }}"
    }
    assert deploy["env"]["RELEASE"] == "${{ needs.build.outputs.release }}"
    assert deploy["needs"] == "build"


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_no_key_is_stored(text: str) -> None:
    assert "secrets." not in text
    assert "access-key" not in text


@pytest.mark.parametrize(("workflow", "name"), JOBS)
def test_what_a_job_runs_is_a_target_of_the_makefile_and_takes_no_text_from_outside(
    workflow: str, name: str
) -> None:
    commands = [
        step["run"] for step in job(workflow, name)["steps"] if "run" in step
    ]
    assert commands
    assert {
        re.match(r"make ([\w-]+)", command).group(1) for command in commands
    } <= TARGETS  # type: ignore[union-attr]
    assert [command for command in commands if "${{" in command] == [], (
        "text from outside comes as a variable"
    )


def test_a_pull_request_is_linted_tested_and_packaged() -> None:
    assert "pull_request" in WORKFLOWS["checks"][ON]
    commands = [
        step.get("run")
        for name in WORKFLOWS["checks"]["jobs"]
        for step in job("checks", name)["steps"]
    ]
    assert {"make lint", "make test", "make package"} <= set(commands)


def test_every_test_and_a_longer_fuzzing_run_once_a_week() -> None:
    (moment,) = WORKFLOWS["weekly"][ON]["schedule"]
    assert re.fullmatch(r"\d+ \d+ \* \* [0-6]", moment["cron"])
    commands = [
        step.get("run")
        for name in WORKFLOWS["weekly"]["jobs"]
        for step in job("weekly", name)["steps"]
    ]
    assert {"make test-all", "make fuzz"} <= set(commands)


def test_development_follows_checked_main_and_production_a_release() -> None:
    events = WORKFLOWS["deploy"][ON]
    assert events["workflow_run"] == {
        "workflows": ["checks"],
        "types": ["completed"],
        "branches": ["main"],
    }
    assert events["release"] == {"types": ["published"]}
    condition = job("deploy", "build")["if"]
    assert "workflow_run.conclusion == 'success'" in condition
    assert "workflow_run.event == 'push'" in condition, (
        "a pull request's run deploys nothing"
    )


def test_a_release_and_a_deployment_by_hand_are_checked_before() -> None:
    checks, build = job("deploy", "checks"), job("deploy", "build")
    assert checks["if"] == (
        "github.event_name == 'release' || "
        "(github.event_name == 'workflow_dispatch' && inputs.action != 'rollback')"
    )
    assert (checks["uses"], checks["permissions"]) == (
        "./.github/workflows/checks.yml",
        {"contents": "read"},
    )
    assert "workflow_call" in WORKFLOWS["checks"][ON]
    assert build["needs"] == "checks"
    skipped = "needs.checks.result == 'skipped' && github.event_name == 'workflow_run'"
    assert skipped in build["if"], "nothing else goes on without the checks"


def test_the_checks_of_a_deployment_and_those_of_a_push_do_not_cancel_each_other() -> (
    None
):
    group = WORKFLOWS["checks"]["concurrency"]["group"]
    # In a called workflow, github.workflow is the caller's name.
    assert "${{ github.workflow }}" in group
    assert "${{ github.ref }}" in group


def test_a_rollback_waits_for_nothing_and_runs_the_code_of_the_main_branch() -> (
    None
):
    assert "inputs.action != 'rollback'" in job("deploy", "build")["if"]
    condition = job("deploy", "deploy")["if"]
    assert (
        "inputs.action == 'rollback' && github.ref_name == github.event.repository.default_branch"
        in condition
    )


def test_every_stage_can_be_chosen_and_is_an_environment_of_its_own() -> None:
    deploy = job("deploy", "deploy")
    chosen = WORKFLOWS["deploy"][ON]["workflow_dispatch"]["inputs"]["stage"][
        "options"
    ]
    assert sorted(chosen) == sorted(path.stem for path in STAGES.glob("*.yaml"))
    assert deploy["environment"] == deploy["env"]["STAGE"]
    assert deploy["concurrency"]["group"] == f"deploy-{deploy['environment']}"
    assert deploy["concurrency"]["cancel-in-progress"] is False


def test_the_role_lasts_as_long_as_the_deployment_may() -> None:
    deploy = job("deploy", "deploy")
    (asked,) = [
        step["with"]
        for step in deploy["steps"]
        if "configure-aws-credentials" in step.get("uses", "")
    ]
    longest = template("ci")["Resources"]["Deploy"]["Properties"][
        "MaxSessionDuration"
    ]
    assert (
        deploy["timeout-minutes"] * 60
        <= asked["role-duration-seconds"]
        <= longest
    )
