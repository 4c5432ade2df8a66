"""The small pure functions behind the tasks: branches, names and the sensor's waiting time."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from airflow.sdk.exceptions import AirflowFailException
from jinja2 import Template

from include.training.errors import NoUsableFamilyError
from lifecycle.approval import QUESTION
from lifecycle.by_hand import next_action
from lifecycle.drift import found, next_step, no_action
from lifecycle.ingestion import wait_as_asked
from lifecycle.macros import MACROS, in_markdown
from lifecycle.names import Names, run_key
from lifecycle.promotion import drift_confirmed
from lifecycle.promotion_branches import next_promotion_step
from lifecycle.training import register_challenger, registered_challengers
from lifecycle.training_alert import reason_to_train

BY_HAND = SimpleNamespace(run_type="manual", triggering_user_name="Asha")
CALM = {"force_retrain": False}


@pytest.mark.parametrize(
    ("verdict", "branch"),
    [
        ("no_champion", "retrain"),
        ("drift", "retrain"),
        ("outage", "data_outage"),
        ("stable", "no_action"),
        ("not_enough_data", "no_action"),
    ],
)
def test_the_verdict_decides_the_branch(verdict, branch):
    assert (
        next_step({"verdict": verdict, "confirmed": verdict == "drift"}, CALM)
        == branch
    )


def test_a_drift_that_waits_for_confirmation_changes_nothing():
    assert (
        next_step({"verdict": "drift", "confirmed": False}, CALM) == "no_action"
    )


@pytest.mark.parametrize("verdict", ["stable", "not_enough_data", "outage"])
def test_force_retrain_retrains_whatever_was_found(verdict):
    assert (
        next_step(
            {"verdict": verdict, "confirmed": False}, {"force_retrain": True}
        )
        == "retrain"
    )


@pytest.mark.parametrize(
    ("mode", "branch"), [("enabled", "promote"), ("approval", "ask_approval")]
)
def test_one_stage_that_passed_the_gate_is_enough_to_promote_or_to_ask(
    mode, branch
):
    comparisons = [{"verdict": "keep"}, {"verdict": "promote"}]
    params = {"promotion_mode": mode}
    assert next_promotion_step(comparisons, params, BY_HAND) == branch


@pytest.mark.parametrize("mode", ["dry_run", "disabled"])
def test_other_promotion_modes_keep_the_champion(mode):
    assert (
        next_promotion_step(
            [{"verdict": "promote"}], {"promotion_mode": mode}, BY_HAND
        )
        == "keep_champion"
    )


@pytest.mark.parametrize("mode", ["enabled", "approval"])
@pytest.mark.parametrize("comparisons", [[], [{"verdict": "keep"}]])
def test_without_a_passed_gate_the_champion_stays_and_nobody_is_asked(
    comparisons, mode
):
    assert (
        next_promotion_step(comparisons, {"promotion_mode": mode}, BY_HAND)
        == "keep_champion"
    )


@pytest.mark.parametrize(
    ("analysis", "confirmed"),
    [
        (None, False),
        ({"verdict": "stable"}, False),
        ({"verdict": "no_champion"}, False),
        ({"verdict": "drift"}, True),
        ({"verdict": "drift", "confirmed": True}, True),
        ({"verdict": "drift", "confirmed": False}, False),
    ],
)
def test_only_drift_that_was_confirmed_eases_the_gate(analysis, confirmed):
    assert drift_confirmed(analysis) is confirmed


@pytest.mark.parametrize(
    ("rollback", "branch"), [(True, "rollback"), (False, "nominate")]
)
@pytest.mark.parametrize("mode", ["enabled", "approval"])
def test_promotion_by_hand_starts_with_what_was_asked(rollback, branch, mode):
    params = {"rollback": rollback, "promotion_mode": mode}
    assert next_action(params, BY_HAND) == branch


@pytest.mark.parametrize("mode", ["dry_run", "disabled"])
def test_a_rollback_is_refused_in_a_mode_that_changes_nothing(mode):
    with pytest.raises(
        AirflowFailException, match="start it with promotion_mode enabled"
    ):
        next_action({"rollback": True, "promotion_mode": mode}, BY_HAND)


def test_an_unconfirmed_drift_is_not_called_none(caplog):
    waiting = {
        "verdict": "drift",
        "triggers": ["data"],
        "confirmation": "1 of the newest 2 analyses drifted",
    }
    with caplog.at_level("INFO"):
        no_action.function(waiting)
    assert "not confirmed: 1 of the newest 2 analyses drifted" in caplog.text
    assert "No significant data drift" not in caplog.text


def test_no_drift_is_said_in_the_guides_words(caplog):
    with caplog.at_level("INFO"):
        no_action.function({"verdict": "stable"})
    assert "No significant data drift detected. No action taken." in caplog.text


def test_an_alert_on_drift_needs_a_verdict_of_drift():
    context = {
        "ti": SimpleNamespace(xcom_pull=lambda task_ids: {"verdict": "drift"})
    }
    assert found("drift")(context)
    assert not found("outage")(context)


REFUSED = {
    "lightgbm": "the model ranks no better than chance: on 961 holdout leads ROC-AUC's 95 % lower bound is 0.361",
    "xgboost": "the model's mean probability 0.1447 misses the rate 0.2018 of 570 holdout leads",
}


def test_a_stage_whose_models_are_all_refused_fails_at_once_and_leaves_the_reasons_for_the_alert(
    monkeypatch,
):
    def register(*arguments):
        raise NoUsableFamilyError("contact", REFUSED)

    monkeypatch.setattr(
        "include.training.challenger.register_challenger", register
    )
    monkeypatch.setattr("include.registry.tracking.connect", lambda uri: None)
    monkeypatch.setattr(
        "include.reporting.refusal_page.write_text",
        lambda uri, text: pages.update({uri: text}),
    )
    left, pages = {}, {}
    ti = SimpleNamespace(
        dag_id="train_models",
        run_id="r1",
        xcom_push=lambda key, value: left.update({key: value}),
    )
    with pytest.raises(AirflowFailException, match="xgboost: the model's mean"):
        register_challenger.function(
            {"outcome": "", "stage": "contact"},
            "s3://leads/snapshot/",
            [],
            "parent",
            {},
            ti,
        )
    alert = left["alert"]
    assert (alert["stage"], alert["refused"]) == ("contact", REFUSED)
    page_uri = alert["refusal_page_uri"]
    assert page_uri.endswith("reports/training/train_models__r1/contact.html")
    assert "stage contact" in pages[page_uri]
    for family in REFUSED:
        assert family in pages[page_uri]
    assert alert["refusal_page_url"].startswith("http")


def test_the_stages_that_have_a_challenger_are_collected():
    challenger = {"stage": "capture", "version": "3"}
    collect = registered_challengers.function
    assert collect(iter([challenger])) == [challenger]


def run(after=datetime(2026, 2, 3, 1, 17, tzinfo=UTC), end=None):
    return SimpleNamespace(run_after=after, data_interval_end=end)


def test_a_nightly_run_reads_the_folder_of_the_day_that_has_ended():
    interval_end = datetime(2026, 2, 1, 1, 17, tzinfo=UTC)
    assert (
        Names()
        .source(None, run(end=interval_end))
        .endswith("/raw-data/dt=2026-01-31/")
    )


def test_a_run_without_an_interval_counts_from_its_run_after():
    assert Names().source(None, run()).endswith("/raw-data/dt=2026-02-02/")


def test_a_contract_of_several_sources_reads_all_that_ever_came():
    names = SimpleNamespace(
        contract=SimpleNamespace(unify={"sources": []}),
        layout=SimpleNamespace(raw="s3://bucket/raw-data/"),
    )
    assert Names.source(names, None, run()) == "s3://bucket/raw-data/"


@pytest.mark.parametrize(
    "prefix", ["raw-data/batch-1", "raw-data/batch-1/", "/raw-data/batch-1/"]
)
def test_a_given_prefix_is_a_folder_of_the_bucket(prefix):
    assert (
        Names().source(prefix, run())
        == f"s3://{Names().settings.s3.bucket}/raw-data/batch-1/"
    )


def test_a_given_uri_is_taken_as_it_is():
    assert (
        Names().source("s3://elsewhere/leads", run()) == "s3://elsewhere/leads/"
    )


def test_a_runs_key_is_safe_in_hadoop_paths_and_tells_dags_apart():
    run_id = "manual__2026-02-03T01:17:00.123+00:00_Ab"
    keys = {
        run_key(SimpleNamespace(dag_id=dag_id, run_id=run_id))
        for dag_id in ("a", "b")
    }
    assert keys == {
        f"{dag_id}__manual__2026-02-03T01-17-00.123-00-00_Ab"
        for dag_id in ("a", "b")
    }


def test_statements_are_rendered_for_the_run_that_asks():
    assert "load=ingest_leads__r1/" in MACROS["sql"](
        "copy_load", load_id="ingest_leads__r1"
    )


def test_the_sensor_waits_as_long_as_the_trigger_form_says_and_logs_where_it_looks(
    caplog,
):
    sensor = SimpleNamespace(
        timeout=21600.0,
        poke_interval=60.0,
        bucket_key="s3://bucket/raw-data/x/*.csv",
    )
    with caplog.at_level("INFO"):
        wait_as_asked({"task": sensor, "params": {"sensor_timeout": 5}})
    assert (sensor.timeout, sensor.poke_interval) == (5.0, 5.0)
    assert "s3://bucket/raw-data/x/*.csv" in caplog.text


def test_text_of_leads_in_a_question_is_no_markdown():
    level = "| a |\n[x](javascript:y) **b** <b>"
    shown = in_markdown(level)
    assert "\n" not in shown
    assert shown == (r"\| a \| \[x\]\(javascript\:y\) \*\*b\*\* \<b\>")
    assert in_markdown("_a_ __b__") == r"\_a\_ \_\_b\_\_"
    rule = "gain in roc_auc, 95 % lower bound"
    assert in_markdown(rule) == rule


def test_a_question_keeps_its_tables_whatever_a_level_holds():
    level = "a | b\n| c |\n</td><script>"
    gate = {
        "verdict": "promote",
        "model": "m",
        "version": "2",
        "champion_version": "1",
        "rule": "superiority",
        "why_rule": "the champion is 9 days old",
        "metrics": {"challenger": {"roc_auc": 0.9}, "champion": None},
        "rules": [
            {
                "name": f"change in the worst segment, city = {level}",
                "value": 0.1,
                "bound": 0.0,
                "strict": False,
                "passed": True,
            }
        ],
        "report_uri": "s3://b/reports/gate/r1/contact.json",
    }
    ti = SimpleNamespace(xcom_pull=lambda task_ids: [gate])
    question = Template(QUESTION).render(ti=ti, **MACROS)  # noqa: S701
    (row,) = [line for line in question.splitlines() if "city" in line]
    assert row.endswith("| 0.1000 | ≥ 0.0000 | True |")
    assert "<script>" not in question.replace("\\<", "")
    assert "Record: s3" in question.replace("\\", "")


@pytest.mark.parametrize(
    ("analysis", "reason"),
    [
        (None, "somebody asked for it"),
        ({"verdict": "no_champion"}, "there is no champion yet"),
        (
            {"verdict": "drift", "confirmed": True, "triggers": ["data"]},
            "the drift analysis calls for a new model (data)",
        ),
        (
            {"verdict": "stable", "confirmed": False},
            "it was forced by the trigger form (force_retrain)",
        ),
        (
            {
                "verdict": "stable",
                "confirmed": False,
                "outcomes": {"paid_back": {"verdict": "no_champion"}},
            },
            "the outcome paid_back needs a new model",
        ),
    ],
)
def test_an_alert_says_why_a_training_has_started(analysis, reason):
    assert reason_to_train(analysis) == reason
