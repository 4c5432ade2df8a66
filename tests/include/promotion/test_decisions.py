"""Records of answers and rollbacks, with a real registry and real objects."""

from datetime import UTC, datetime

import pytest

from include.contract import load_contract
from include.lake.objects import read_json, write_json
from include.promotion import decisions
from include.promotion.decisions import answer, publish, record_uri, recorded
from include.promotion.record import Approval, DecisionRecord
from include.registry import registry
from include.registry.errors import ModelUnreadableError, NoChampionError
from include.registry.models import load_pipeline
from include.registry.registry import champion, promote
from include.registry.tracking import connect
from include.settings import settings

WHEN = datetime(2026, 3, 1, 5, 30, tzinfo=UTC)
ANSWER = {
    "asked_at": "2026-03-01T05:00:00+00:00",
    "answered_at": "2026-03-01T06:00:00+00:00",
    "by": "Asha",
}


def roll_back(run_id, *arguments, check=lambda version: None):
    """Brings the previous champion of the contact stage back, whose artefact most tests do without."""
    current = settings()
    return decisions.roll_back(
        current,
        load_contract(current.contract),
        run_id,
        "contact",
        *arguments,
        check=check,
    )


@pytest.fixture
def record(layout, mlflow_client, model, versions):
    """A published decision about the only version."""
    (version,) = versions(1)
    made = DecisionRecord(
        decision_id="run/contact",
        verdict="promote",
        rule="first",
        reasons=("a", "b"),
        model=model,
        stage="contact",
        version=version,
        report_uri=record_uri(layout, "run", "contact"),
        approval=None,
    )
    publish(mlflow_client, made)
    return made


@pytest.fixture
def tags(mlflow_client, model):
    return lambda version: mlflow_client.get_model_version(model, version).tags


def test_a_decision_is_read_back_as_it_was_written(record):
    assert recorded(record.report_uri) == record


def test_before_the_decision_there_is_no_record(layout):
    assert recorded(record_uri(layout, "nobody", "contact")) is None


def test_an_answer_is_added_to_the_record_and_to_the_versions_tags(
    record, tags
):
    approval = Approval(**ANSWER, choice="Approve")
    answered = answer(settings(), record.report_uri, approval)
    assert answered.as_json() == record.as_json() | {
        "approval": approval.model_dump(exclude_unset=True)
    }
    assert read_json(record.report_uri)["approval"] == ANSWER | {
        "choice": "Approve"
    }
    found = tags(record.version)
    assert (
        found["gate_approval"] == "Approve by Asha at 2026-03-01T06:00:00+00:00"
    )
    assert (found["gate_verdict"], found["gate_reason"]) == ("promote", "a; b")


def test_an_answer_loses_nothing_of_a_record_that_another_version_of_the_project_wrote(
    record,
):
    old = record.as_json() | {
        "judged_by": "an older gate",
        "report": {"format": 1},
    }
    write_json(record.report_uri, old)
    answer(settings(), record.report_uri, Approval(**ANSWER, choice="Reject"))
    assert read_json(record.report_uri) == old | {
        "approval": ANSWER | {"choice": "Reject"}
    }


def test_no_answer_in_time_is_nobodys(record, tags):
    answer(
        settings(),
        record.report_uri,
        Approval(**ANSWER | {"choice": "Reject", "by": None}),
    )
    assert tags(record.version)["gate_approval"].startswith("Reject by nobody")


def test_a_rollback_is_recorded_with_both_versions_and_the_reason(
    layout, model, versions
):
    first, second = versions(2)
    promote(connect(settings().mlflow.tracking_uri), model, first)
    promote(connect(settings().mlflow.tracking_uri), model, second)
    record = roll_back("run", "calls in vain", WHEN)
    assert (
        champion(connect(settings().mlflow.tracking_uri), model).version
        == first
    )
    assert read_json(record.report_uri) == record.as_json()
    assert (record.version, record.champion_version, record.verdict) == (
        first,
        second,
        "rollback",
    )
    assert (record.reasons, record.decided_at) == (
        ("calls in vain",),
        "2026-03-01T05:30:00+00:00",
    )


def test_a_run_goes_back_one_champion_however_often_its_task_is_repeated(
    layout, model, versions
):
    first, second, third = versions(3)
    for version in (first, second, third):
        promote(connect(settings().mlflow.tracking_uri), model, version)
    before = roll_back("run", "why", WHEN)
    assert roll_back("run", "why", WHEN) == before
    assert (
        champion(connect(settings().mlflow.tracking_uri), model).version
        == second
    )
    assert roll_back("another run", "why", WHEN).version == first


@pytest.mark.parametrize("after", ["the intention", "the rollback"])
def test_a_rollback_that_crashed_is_finished_by_the_next_try(
    layout, model, versions, monkeypatch, after
):
    first, second, third = versions(3)
    for version in (first, second, third):
        promote(connect(settings().mlflow.tracking_uri), model, version)

    def crash(*arguments):
        if after == "the rollback":
            original(*arguments)
        raise KeyboardInterrupt

    original = registry.rollback
    monkeypatch.setattr(registry, "rollback", crash)
    with pytest.raises(KeyboardInterrupt):
        roll_back("run", "why", WHEN)
    monkeypatch.setattr(registry, "rollback", original)
    assert roll_back("run", "why", WHEN).version == second
    assert (
        champion(connect(settings().mlflow.tracking_uri), model).version
        == second
    )


def test_a_champion_that_was_deleted_is_rolled_back_once(
    layout, mlflow_client, model, versions
):
    first, second, third = versions(3)
    for version in (first, second, third):
        promote(mlflow_client, model, version)
    mlflow_client.delete_model_version(model, third)
    before = roll_back("run", "deleted by mistake", WHEN)
    assert (before.version, before.champion_version) == (second, None)
    assert roll_back("run", "deleted by mistake", WHEN) == before
    assert champion(mlflow_client, model).version == second


def test_a_version_that_cannot_be_loaded_does_not_become_the_champion_again(
    layout, mlflow_client, model, versions
):
    first, second = versions(2)
    promote(mlflow_client, model, first)
    promote(mlflow_client, model, second)
    with pytest.raises(
        ModelUnreadableError, match=f"models:/{model}/{first} cannot be loaded"
    ):
        roll_back("run", "why", WHEN, check=load_pipeline)
    assert champion(mlflow_client, model).version == second


def test_without_a_champion_there_is_nothing_to_roll_back(layout, versions):
    versions(1)
    with pytest.raises(NoChampionError, match="no champion to roll back"):
        roll_back("run", "why", WHEN)


@pytest.mark.parametrize(
    ("started_by", "four_eyes", "promotes"),
    [
        ("Asha", True, False),
        ("Asha", False, True),
        ("Ben", True, True),
        (None, True, True),
    ],
)
def test_with_four_eyes_the_one_who_started_the_run_cannot_approve_it(
    started_by, four_eyes, promotes
):
    approval = Approval(**ANSWER | {"by": "Asha"}, choice="Approve")
    judged = approval.judged(started_by, four_eyes)
    assert judged.approved is promotes
    assert (judged.by, judged.started_by) == ("Asha", started_by)
    assert ("four_eyes asks for somebody else" in str(judged)) is not promotes


def test_the_second_person_of_a_rollback_is_in_its_record(
    layout, model, versions
):
    first, second = versions(2)
    client = connect(settings().mlflow)
    promote(client, model, first)
    promote(client, model, second)
    approval = Approval(**ANSWER, choice="Approve")
    record = roll_back("run", "why", WHEN, approval)
    assert decisions.read_record(record.report_uri).approval == approval


def test_with_four_eyes_anybody_may_say_no():
    approval = Approval(**ANSWER | {"by": "Asha"}, choice="Reject")
    assert approval.judged("Asha", four_eyes=True).refused is None


def test_an_answer_from_before_the_rule_is_read_as_it_was():
    assert Approval(**ANSWER, choice="Approve").approved
