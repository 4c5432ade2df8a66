"""Promotion by hand, as it runs: every mode, a person's yes, no and silence, and the way back."""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from demo.leads.synthetic import synthetic_leads
from include.lake.objects import list_objects, read_json
from include.promotion.gate import replay
from include.registry.registry import champion, promote
from include.registry.tracking import connect
from include.settings import settings

DAG = "promote_model"
POOR, GOOD = "1", "2"
"""Versions: of the files that share a platform, this one comes first (tests/fixtures/scheduling.py)."""


@pytest.fixture(scope="module")
def ready(
    platform: Any, airflow_db: None, register_challenger: Any
) -> Iterator[Any]:
    """A platform with a champion that could learn nothing, and a challenger that could."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(
            "LEADS_FLOORS_CONTACT", '{"roc_auc": 0.6}'
        )  # the synthetic leads are few
        settings.cache_clear()
        platform.make("create_promotions")
        leads = snapshot_rows(platform.contract)
        label = platform.contract.label
        register_challenger(
            "first",
            leads.assign(
                **{
                    label: leads[label]
                    .sample(frac=1, random_state=0)
                    .to_numpy()
                }
            ),
        )
        promote(
            connect(settings().mlflow.tracking_uri),
            platform.contract.model_name(),
            POOR,
        )
        _, version = register_challenger("second", leads)
        assert version == GOOD
        _wait_inline_for_people(patch)
        yield platform
    settings.cache_clear()


def snapshot_rows(contract: Any) -> pd.DataFrame:
    frame = synthetic_leads(2000, seed=0).rename(
        columns={column.name: column.field for column in contract.columns}
    )
    frame = frame.astype(object).mask(frame.isin(contract.null_tokens), None)
    numbers = [column.field for column in contract.columns if column.numeric]
    return frame.assign(**frame[numbers].apply(pd.to_numeric))


def _wait_inline_for_people(patch: pytest.MonkeyPatch) -> None:
    """`dag.test` runs triggers inline, but its supervisor lacks the two requests of a trigger that waits for a person.

    They are answered here as the triggerer's own supervisor answers them.
    """
    from airflow.jobs.triggerer_job_runner import HITLDetailResponseResult
    from airflow.sdk.execution_time.comms import (
        GetHITLDetailResponse,
        UpdateHITLDetail,
    )
    from airflow.sdk.execution_time.supervisor import InProcessTestSupervisor

    others = InProcessTestSupervisor._handle_request

    def handle(self: Any, msg: Any, log: Any, req_id: int) -> None:
        if isinstance(msg, GetHITLDetailResponse):
            found = self.client.hitl.get_detail_response(ti_id=msg.ti_id)
        elif isinstance(msg, UpdateHITLDetail):
            found = self.client.hitl.update_response(
                ti_id=msg.ti_id,
                chosen_options=msg.chosen_options,
                params_input=msg.params_input,
            )
        else:
            others(self, msg, log, req_id)
            return
        self.send_msg(
            HITLDetailResponseResult.from_api_response(found),
            request_id=req_id,
            error=None,
        )

    patch.setattr(InProcessTestSupervisor, "_handle_request", handle)


@pytest.fixture(scope="module")
def api(ready: Any) -> Any:
    """Airflow's public API, as the UI uses it, with Asha logged in."""
    from airflow.api_fastapi.app import create_app
    from airflow.api_fastapi.auth.managers.simple.user import (
        SimpleAuthManagerUser,
    )
    from fastapi.testclient import TestClient

    app = create_app()
    token = app.state.auth_manager.generate_jwt(
        SimpleAuthManagerUser(username="Asha", role="admin")
    )
    return TestClient(
        app,
        base_url="http://localhost",
        headers={"Authorization": f"Bearer {token}"},
    )


@pytest.fixture
def answering(
    api: Any, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], Callable[[], dict[str, Any]]]:
    """Answers the next question in the background; call what it returns for the question as it was asked."""
    from lifecycle import approval

    # A question that cannot be answered ends the test, and not a day later.
    monkeypatch.setattr(approval, "ANSWER_WITHIN", timedelta(seconds=300))

    def start(choice: str) -> Callable[[], dict[str, Any]]:
        asked: list[dict[str, Any]] = []
        thread = threading.Thread(
            target=lambda: asked.append(_answer(api, choice)), daemon=True
        )
        thread.start()

        def question() -> dict[str, Any]:
            thread.join(timeout=60)
            return asked[0]

        return question

    return start


def _answer(api: Any, choice: str) -> dict[str, Any]:
    deadline = time.monotonic() + 200
    while time.monotonic() < deadline:
        waiting = api.get(
            f"/api/v2/dags/{DAG}/dagRuns/~/hitlDetails",
            params={"response_received": False},
        ).raise_for_status()
        for question in waiting.json().get("hitl_details", []):
            ti = question["task_instance"]
            where = f"/api/v2/dags/{DAG}/dagRuns/{ti['dag_run_id']}/taskInstances/{ti['task_id']}/-1/hitlDetails"
            api.patch(
                where, json={"chosen_options": [choice], "params_input": {}}
            ).raise_for_status()
            return dict(question)
        time.sleep(0.5)
    raise TimeoutError("nobody was asked")


def ledger(platform: Any, run: Any) -> list[tuple[str, str]]:
    """(act, actor) of a run's rows, in the order in which they were entered."""
    table = f"public.{platform.contract.names.promotions_table}"
    rows = platform.query(
        f"SELECT * FROM {table} WHERE decision_id = '{run.key}/contact' ORDER BY happened_at"
    )
    assert all(
        row["reason"] and row["record_uri"].startswith("s3://") for row in rows
    )
    return [(row["act"], row["actor"]) for row in rows]


def serving(platform: Any) -> str:
    found = champion(
        connect(settings().mlflow.tracking_uri), platform.contract.model_name()
    )
    assert found is not None
    return found.version


def ran(run: Any) -> set[str]:
    tasks = (
        "ask_approval",
        "record_answer",
        "promote",
        "keep_champion",
        "rollback",
    )
    return {task for task in tasks if run.states[task] == "success"}


def test_a_dry_run_records_the_verdict_and_promotes_nobody(ready: Any) -> None:
    run = ready.run(DAG, {"version": GOOD, "promotion_mode": "dry_run"})
    assert (run.state, ran(run), serving(ready)) == (
        "success",
        {"keep_champion"},
        POOR,
    )
    assert run.returned("champion_challenger")[0]["verdict"] == "promote"
    assert ledger(ready, run) == [("decided", "gate"), ("kept", "dag_test")]


def test_disabled_asks_neither_gate_nor_person(ready: Any) -> None:
    run = ready.run(DAG, {"version": GOOD, "promotion_mode": "disabled"})
    assert (run.state, ran(run), serving(ready)) == (
        "success",
        {"keep_champion"},
        POOR,
    )
    assert ledger(ready, run) == []


def test_a_person_is_shown_the_decision_and_a_no_keeps_the_champion_and_is_recorded(
    ready: Any, answering: Any
) -> None:
    question = answering("Reject")
    run = ready.run(DAG, {"version": GOOD, "promotion_mode": "approval"})
    asked = question()
    assert f"{ready.contract.model_name()} version {GOOD}" in asked["body"]
    assert "| gain in roc_auc, 95 % lower bound |" in asked["body"]
    assert asked["defaults"] == ["Reject"]
    assert (run.state, ran(run), serving(ready)) == (
        "success", {"ask_approval", "record_answer", "keep_champion"}, POOR
    )  # fmt: skip
    assert ledger(ready, run) == [
        ("decided", "gate"),
        ("rejected", "Asha"),
        ("kept", "dag_test"),
    ]
    approval = read_json(f"{ready.layout.report('gate', run.key)}contact.json")[
        "approval"
    ]
    assert (approval["by"], approval["choice"]) == ("Asha", "Reject")
    assert approval["asked_at"] < approval["answered_at"]


def test_silence_keeps_the_champion(
    ready: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lifecycle import approval

    monkeypatch.setattr(approval, "ANSWER_WITHIN", timedelta(seconds=1))
    run = ready.run(DAG, {"version": GOOD, "promotion_mode": "approval"})
    assert (run.state, ran(run), serving(ready)) == (
        "success", {"ask_approval", "record_answer", "keep_champion"}, POOR
    )  # fmt: skip
    assert ledger(ready, run) == [
        ("decided", "gate"),
        ("expired", "nobody"),
        ("kept", "dag_test"),
    ]


def test_a_persons_yes_promotes_and_the_version_says_who_it_was(
    ready: Any, answering: Any
) -> None:
    question = answering("Approve")
    run = ready.run(DAG, {"version": GOOD, "promotion_mode": "approval"})
    question()
    assert (run.state, ran(run), serving(ready)) == (
        "success",
        {"ask_approval", "record_answer", "promote"},
        GOOD,
    )
    assert ledger(ready, run) == [
        ("decided", "gate"),
        ("approved", "Asha"),
        ("promoted", "dag_test"),
    ]
    tags = (
        connect(settings().mlflow.tracking_uri)
        .get_model_version(ready.contract.model_name(), GOOD)
        .tags
    )
    assert tags["gate_approval"].startswith("Approve by Asha at ")


def test_one_run_brings_the_previous_champion_back_and_says_why(
    ready: Any,
) -> None:
    run = ready.run(DAG, {"rollback": True, "reason": "calls in vain"})
    assert (run.state, ran(run), serving(ready)) == (
        "success",
        {"rollback"},
        POOR,
    )
    assert ledger(ready, run) == [("rolled_back", "dag_test")]


def test_a_better_challenger_is_promoted_without_a_question_where_the_mode_says_so(
    ready: Any,
) -> None:
    run = ready.run(DAG, {"version": GOOD})
    assert (run.state, ran(run), serving(ready)) == (
        "success",
        {"promote"},
        GOOD,
    )
    assert ledger(ready, run) == [("decided", "gate"), ("promoted", "dag_test")]


def test_a_challenger_that_is_not_better_stays_logged_and_is_reported(
    ready: Any,
) -> None:
    run = ready.run(DAG, {"version": POOR, "promotion_mode": "approval"})
    assert (run.state, ran(run), serving(ready)) == (
        "success",
        {"keep_champion"},
        GOOD,
    )
    assert ledger(ready, run) == [("decided", "gate"), ("kept", "dag_test")]
    told = [
        alert
        for alert in ready.alerts()
        if "The champion model stays" in alert["subject"]
    ]
    assert any(
        "gain in roc_auc, 95 % lower bound" in alert["text"] for alert in told
    )
    tags = (
        connect(settings().mlflow.tracking_uri)
        .get_model_version(ready.contract.model_name(), POOR)
        .tags
    )
    assert tags["gate_verdict"] == "keep"


def test_every_decision_of_these_runs_replays_to_its_own_verdict(
    ready: Any,
) -> None:
    uris = list_objects(f"s3://{settings().s3.bucket}/reports/gate/")
    records = [read_json(uri) for uri in uris if uri.endswith("/contact.json")]
    assert len(records) >= 4
    assert [replay(record).promote for record in records] == [
        record["verdict"] == "promote" for record in records
    ]
    assert np.isfinite([record["gain"]["lower"] for record in records]).all()
