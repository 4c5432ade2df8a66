"""What a recorded approval hands on."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

from lead_ops.approval import RecordedApproval

ASKED, ANSWERED = (
    datetime(2026, 3, 1, 5, tzinfo=UTC),
    datetime(2026, 3, 1, 6, tzinfo=UTC),
)


@pytest.fixture
def answered():
    """The result of the task for an answer by a user, None where the time ran out."""

    def result(choice, user):
        ti = SimpleNamespace(
            task_id="ask",
            xcom_pull=lambda task_ids, key: {"asked_at": ASKED.isoformat()}[
                key
            ],
        )
        event = {
            "chosen_options": [choice],
            "params_input": {},
            "responded_at": ANSWERED,
            "responded_by_user": user,
        }
        with DAG("promotion", schedule=None):
            task = RecordedApproval(task_id="ask", subject="Promote?")
            task >> EmptyOperator(task_id="next")
        return task.execute_complete({"ti": ti, "task": task}, event)

    return result


@pytest.mark.parametrize("choice", ["Approve", "Reject"])
def test_an_answer_is_handed_on_with_who_and_when_a_no_included(
    answered, choice
):
    assert answered(choice, {"id": "7", "name": "Asha"}) == {
        "choice": choice,
        "by": "Asha",
        "asked_at": "2026-03-01T05:00:00+00:00",
        "answered_at": "2026-03-01T06:00:00+00:00",
    }


def test_the_default_after_the_time_has_run_out_is_nobodys(answered):
    assert answered("Reject", None)["by"] is None
