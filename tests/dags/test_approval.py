"""What becomes of a person's answer, where the business asks for four eyes."""

from types import SimpleNamespace

import pytest

from include.promotion.record import DecisionRecord
from include.settings import settings

COMPARISON = {"verdict": "promote", "report_uri": "s3://b/gate.json"}
ANSWER = {
    "choice": "Approve",
    "by": "Asha",
    "asked_at": "2026-03-01T05:00:00+00:00",
    "answered_at": "2026-03-01T06:00:00+00:00",
}


@pytest.fixture
def entries(monkeypatch):
    """Rows of the table of promotions; the record itself is not written."""
    from include.promotion import decisions
    from lifecycle import records, reports

    rows = []

    def answer(current, uri, approval):
        rows.append(approval)
        return DecisionRecord(
            verdict="promote", model="m", stage="contact", reasons=()
        )

    monkeypatch.setattr(decisions, "answer", answer)
    monkeypatch.setattr(reports, "with_gate_page", lambda comparison: None)
    monkeypatch.setattr(
        records, "enter", lambda record, *row: rows.append(row[:3])
    )
    return rows


@pytest.fixture
def four_eyes(monkeypatch):
    monkeypatch.setenv("LEADS_PROMOTION_FOUR_EYES", "true")
    settings.cache_clear()
    yield
    monkeypatch.delenv("LEADS_PROMOTION_FOUR_EYES")
    settings.cache_clear()


def a_run(run_type, started_by=None):
    return SimpleNamespace(run_type=run_type, triggering_user_name=started_by)


@pytest.mark.parametrize(
    ("run", "branch"),
    [
        (a_run("manual", "Asha"), "ask_approval"),
        (a_run("manual"), "ask_approval"),
        (a_run("backfill", "Asha"), "ask_approval"),
        (a_run("scheduled"), "promote"),
    ],
)
def test_with_four_eyes_nobody_promotes_alone_in_mode_enabled(
    four_eyes, run, branch
):
    from lifecycle.promotion_branches import next_promotion_step

    params = {"promotion_mode": "enabled"}
    assert next_promotion_step([COMPARISON], params, run) == branch


@pytest.mark.parametrize("mode", ["enabled", "approval"])
def test_with_four_eyes_a_rollback_waits_for_a_second_person(four_eyes, mode):
    from lifecycle.by_hand import next_action

    params = {"rollback": True, "promotion_mode": mode}
    assert next_action(params, a_run("manual", "Asha")) == "ask_rollback"


@pytest.mark.parametrize(
    ("started_by", "step", "act"),
    [("Asha", "join", "rejected"), ("Ben", "rollback", "approved")],
)
def test_the_answer_to_a_rollback_is_carried_out_and_recorded(
    four_eyes, monkeypatch, started_by, step, act
):
    from lifecycle import records
    from lifecycle.by_hand import next_step_after_rollback_answer

    rows = []
    monkeypatch.setattr(records, "enter", lambda *row: rows.append(row))
    params = {"outcome": None, "stage": "contact", "reason": "calls in vain"}
    run = a_run("manual", started_by)
    assert next_step_after_rollback_answer("r", ANSWER, params, run) == step
    ((record, *row),) = rows
    assert (record.verdict, record.reasons) == ("rollback", ("calls in vain",))
    assert row[:2] == [act, "Asha"]


@pytest.mark.parametrize(
    ("four_eyes", "started_by", "step", "act"),
    [
        ("true", "Asha", "keep_champion", "rejected"),
        ("true", "Ben", "promote", "approved"),
        ("false", "Asha", "promote", "approved"),
    ],
)
def test_ones_own_approval_does_not_promote_where_four_eyes_are_asked_for(
    entries, monkeypatch, four_eyes, started_by, step, act
):
    from lifecycle.approval import next_step_after_answer

    monkeypatch.setenv("LEADS_PROMOTION_FOUR_EYES", four_eyes)
    settings.cache_clear()
    run = SimpleNamespace(triggering_user_name=started_by)
    try:
        assert next_step_after_answer([COMPARISON], ANSWER, run) == step
    finally:
        monkeypatch.delenv("LEADS_PROMOTION_FOUR_EYES")
        settings.cache_clear()
    approval, row = entries
    assert (approval.by, approval.started_by) == ("Asha", started_by)
    assert row[:2] == (act, "Asha")
    assert ("four_eyes" in row[2]) == (act == "rejected")
