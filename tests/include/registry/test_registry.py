"""Aliases and stages, against a real MLflow server, also when it is cut off between two calls."""

import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from unittest import mock

import mlflow
import pytest
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from include.registry.errors import ChampionChangedError, NoChampionError
from include.registry.registry import (
    aliased,
    champion,
    find_version,
    promote,
    rollback,
)

ROOT = Path(__file__).resolve().parents[3]
CHANGING = (
    "set_model_version_tag",
    "set_registered_model_alias",
    "delete_registered_model_alias",
    "transition_model_version_stage",
)


def state(mlflow_client: MlflowClient, model: str) -> dict[str, object]:
    found = mlflow_client.get_registered_model(model)
    stages = {
        str(one.version): one.current_stage
        for one in mlflow_client.search_model_versions(f"name = '{model}'")
    }
    return {
        "aliases": {
            alias: str(version) for alias, version in found.aliases.items()
        },
        "stages": stages,
    }


class CutOff(Exception):  # noqa: N818 - no error of the code under test
    pass


def cut_off_after(calls: int):
    """Lets this many changing calls of the mlflow_client through and fails at the next one."""
    done = 0

    def limited(original):
        def call(*args, **kwargs):
            nonlocal done
            if done == calls:
                raise CutOff
            done += 1
            return original(*args, **kwargs)

        return call

    return mock.patch.multiple(
        MlflowClient,
        **{name: limited(getattr(MlflowClient, name)) for name in CHANGING},
    )


def test_a_model_nobody_registered_has_no_champion(mlflow_client, contract):
    assert champion(mlflow_client, "never-registered") is None


def test_a_registered_model_without_promotion_has_no_champion(
    mlflow_client, versions, model
):
    versions(1)
    assert champion(mlflow_client, model) is None


def test_the_first_promotion_makes_a_champion_in_production(
    mlflow_client, versions, model
):
    (first,) = versions(1)
    promote(mlflow_client, model, first)
    assert state(mlflow_client, model) == {
        "aliases": {"champion": first},
        "stages": {first: "Production"},
    }


def test_the_champion_carries_what_training_recorded(
    mlflow_client, versions, model
):
    (first,) = versions(1)
    promote(mlflow_client, model, first)
    found = champion(mlflow_client, model)
    assert (found.version, found.tags["snapshot_uri"], found.uri) == (
        first,
        "s3://x/",
        f"models:/{model}/{first}",
    )
    assert found.created_at.tzinfo is not None


def test_a_promotion_archives_the_champion_before_and_remembers_it(
    mlflow_client, versions, model
):
    first, second = versions(2)
    mlflow_client.set_registered_model_alias(model, "challenger", second)
    promote(mlflow_client, model, first)
    promote(mlflow_client, model, second)
    assert state(mlflow_client, model) == {
        "aliases": {"champion": second, "previous": first},
        "stages": {first: "Archived", second: "Production"},
    }


def test_promoting_the_champion_again_changes_nothing(
    mlflow_client, versions, model
):
    first, second = versions(2)
    promote(mlflow_client, model, first)
    promote(mlflow_client, model, second)
    before = state(mlflow_client, model)
    promote(mlflow_client, model, second)
    assert state(mlflow_client, model) == before


def test_a_waiting_challenger_is_in_staging(mlflow_client, versions, model):
    first, second = versions(2)
    mlflow_client.set_registered_model_alias(model, "challenger", second)
    promote(mlflow_client, model, first)
    assert state(mlflow_client, model)["stages"] == {
        first: "Production",
        second: "Staging",
    }


def test_a_version_that_does_not_exist_is_refused_and_the_champion_stays(
    mlflow_client, versions, model
):
    (first,) = versions(1)
    promote(mlflow_client, model, first)
    with pytest.raises(MlflowException, match="99"):
        promote(mlflow_client, model, "99")
    assert champion(mlflow_client, model).version == first


def test_a_rollback_brings_the_previous_champion_back(
    mlflow_client, versions, model
):
    first, second = versions(2)
    promote(mlflow_client, model, first)
    promote(mlflow_client, model, second)
    assert rollback(mlflow_client, model).version == first
    assert state(mlflow_client, model) == {
        "aliases": {"champion": first},
        "stages": {first: "Production", second: "Archived"},
    }


def test_rollbacks_go_back_one_champion_at_a_time(
    mlflow_client, versions, model
):
    first, second, third = versions(3)
    for version in (first, second, third):
        promote(mlflow_client, model, version)
    assert [
        rollback(mlflow_client, model).version,
        rollback(mlflow_client, model).version,
    ] == [second, first]


def test_a_rollback_without_a_previous_champion_says_so(
    mlflow_client, versions, model
):
    (first,) = versions(1)
    promote(mlflow_client, model, first)
    with pytest.raises(
        NoChampionError, match="no previous champion to roll back to"
    ):
        rollback(mlflow_client, model)


@pytest.mark.parametrize("calls", range(6))
def test_a_promotion_cut_off_anywhere_leaves_one_champion_and_is_completed_by_the_next(
    mlflow_client, versions, model, calls
):
    first, second = versions(2)
    promote(mlflow_client, model, first)
    mlflow_client.set_registered_model_alias(model, "challenger", second)
    with cut_off_after(calls), pytest.raises(CutOff):
        promote(mlflow_client, model, second)
    assert champion(mlflow_client, model).version in (first, second)
    promote(mlflow_client, model, second)
    assert state(mlflow_client, model) == {
        "aliases": {"champion": second, "previous": first},
        "stages": {first: "Archived", second: "Production"},
    }


@pytest.mark.parametrize("calls", range(4))
def test_a_rollback_cut_off_anywhere_is_completed_by_the_next(
    mlflow_client, versions, model, calls
):
    first, second, third = versions(3)
    for version in (first, second, third):
        promote(mlflow_client, model, version)
    with cut_off_after(calls), pytest.raises(CutOff):
        rollback(mlflow_client, model)
    assert champion(mlflow_client, model).version in (second, third)
    if (
        champion(mlflow_client, model).version == third
        or aliased(mlflow_client, model, "previous").version == second
    ):
        rollback(mlflow_client, model)
    assert champion(mlflow_client, model).version == second


def test_a_rollback_after_a_promotion_that_was_cut_off_goes_back_one_champion(
    mlflow_client, versions, model
):
    first, second, third = versions(3)
    promote(mlflow_client, model, first)
    promote(mlflow_client, model, second)
    with cut_off_after(2), pytest.raises(CutOff):
        promote(mlflow_client, model, third)
    assert champion(mlflow_client, model).version == third
    assert rollback(mlflow_client, model).version == second


def test_a_version_is_found_by_its_tags(mlflow_client, versions, model):
    first, second = versions(2)
    mlflow_client.set_model_version_tag(model, first, "training_run_id", "abc")
    assert (
        str(
            find_version(
                mlflow_client, model, {"training_run_id": "abc"}
            ).version
        )
        == first
    )
    assert (
        find_version(mlflow_client, model, {"training_run_id": "other"}) is None
    )


def test_a_decision_about_an_earlier_champion_promotes_nobody(
    mlflow_client, versions, model
):
    first, second, third = versions(3)
    promote(mlflow_client, model, first)
    promote(mlflow_client, model, second)
    with pytest.raises(
        ChampionChangedError,
        match=f"judged against version {first}, but {second} serves by now",
    ):
        promote(mlflow_client, model, third, against=first)
    assert champion(mlflow_client, model).version == second


def test_a_promotion_that_is_repeated_needs_no_champion_to_be_against(
    mlflow_client, versions, model
):
    first, second = versions(2)
    promote(mlflow_client, model, first, against=None)
    promote(mlflow_client, model, second, against=first)
    promote(mlflow_client, model, second, against=first)
    assert champion(mlflow_client, model).version == second


def test_a_rollback_of_a_version_that_serves_no_longer_changes_nothing(
    mlflow_client, versions, model
):
    first, second, third = versions(3)
    for version in (first, second, third):
        promote(mlflow_client, model, version)
    assert [
        rollback(mlflow_client, model, third).version,
        rollback(mlflow_client, model, third).version,
    ] == [
        second,
        second,
    ]


ACTS_ON_CALL = """
import sys, traceback
from include.registry.registry import promote, rollback
from include.registry.tracking import connect

client = connect(sys.argv[1])
print("ready", flush=True)
for call in sys.stdin:
    try:
        eval(call)
        print("done", flush=True)
    except Exception:
        traceback.print_exc()
        print("failed", flush=True)
"""


@pytest.fixture(scope="module")
def actors(mlflow_address):
    """Two processes of their own, as two DAG runs are; started once, as each takes seconds to import MLflow."""
    command = [sys.executable, "-c", ACTS_ON_CALL, mlflow_address]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "cwd": ROOT}
    with ExitStack() as stack:
        started = [subprocess.Popen(command, text=True, **pipes) for _ in "ab"]
        processes = [stack.enter_context(process) for process in started]
        for process in processes:
            assert process.stdout.readline() == "ready\n"
        yield processes
        for process in processes:
            process.stdin.close()


@pytest.fixture
def at_once(actors):
    """Runs two calls at the same moment; returns how each ended."""

    def run(*calls: str) -> list[str]:
        for process, call in zip(actors, calls, strict=True):
            process.stdin.write(f"{call}\n")
            process.stdin.flush()
        return [process.stdout.readline().strip() for process in actors]

    return run


OTHERS = {
    "promotion": "promote(client, {model!r}, {third!r})",
    "rollback": "rollback(client, {model!r})",
}


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS)
def test_two_changes_at_once_leave_one_champion_and_everything_in_line_with_it(
    mlflow_client, versions, model, at_once, other
):
    first, second, third, fourth = versions(4)
    for version in (first, second):
        promote(mlflow_client, model, version)
    mlflow_client.set_registered_model_alias(model, "challenger", fourth)
    ends = at_once(
        f"promote(client, {model!r}, {fourth!r})",
        other.format(model=model, third=third),
    )
    assert ends == ["done", "done"]
    now = state(mlflow_client, model)
    winner = now["aliases"]["champion"]
    assert winner in (
        {fourth, third} if "promote" in other else {fourth, first, second}
    )
    production = [
        version
        for version, stage in now["stages"].items()
        if stage == "Production"
    ]
    assert production == [winner]
    if winner == fourth:
        assert "challenger" not in now["aliases"]
    assert now["aliases"].get("previous") != winner


def test_two_promotions_of_models_at_once_leave_a_champion_that_loads(
    mlflow_client, model, at_once, logged_versions
):
    first, second, third = logged_versions(3)
    promote(mlflow_client, model, first)
    assert at_once(
        f"promote(client, {model!r}, {second!r})",
        f"promote(client, {model!r}, {third!r})",
    ) == ["done", "done"]
    serving = champion(mlflow_client, model)
    assert serving.version in (second, third)
    assert mlflow.sklearn.load_model(serving.uri).predict([[0.0]]).tolist() == [
        1
    ]
