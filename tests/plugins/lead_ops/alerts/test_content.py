"""What alerts say, above all of results that are odd, incomplete, or hold text of leads."""

import json
import re
from email import message_from_bytes, policy
from html.parser import HTMLParser

import pytest

from demo.inbox.block_kit import block_problems
from lead_ops.alerts.alert import Link, Origin
from lead_ops.alerts.content import EVENTS, make_alert
from lead_ops.alerts.mail import as_html, as_mail, as_text
from lead_ops.alerts.slack import as_slack
from lead_ops.alerts.words import day, one_line
from tests.fixtures.nasty_text import NASTY_TEXTS
from tests.plugins.lead_ops.alerts.examples import (
    ANALYSIS,
    KEPT,
    OUTAGE,
    PROMOTED,
    RESULTS,
    TASKS,
    context,
)


def told(event, result, **ti):
    """The alert of an event whose task returned `result`."""
    return make_alert(event, result, Origin.of(context(event, **ti)))


def sentence(event, result, **ti):
    return told(event, result, **ti).message.sentence


def test_a_drift_is_one_sentence_with_its_figures():
    columns = [f"column_{number}" for number in range(11)]
    result = ANALYSIS | {"drifted_columns": columns, "column_labels": {}}
    assert sentence("drift_detected", result) == (
        "11 of 24 columns drifted since champion 1, among them column_0, "
        "column_1 and column_2."
    )


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"triggers": ["prediction"], "prediction_score": 0.31},
            "The champion's scores on new leads have moved (distance 0.3100).",
        ),
        (
            {"triggers": ["performance"], "performance_loss": {"f1": 0.01, "roc_auc": 0.08}, "matured_rows": 640},
            "The champion predicts worse than on its holdout: roc_auc by 0.0800 on 640 leads whose outcome is final.",
        ),
        (
            {"triggers": ["contract"], "columns_added": ["size"], "columns_removed": ["age", "fit"]},
            "The contract has changed since champion 1: it gained size and lost age and fit.",
        ),
        ({"triggers": ["data"], "drifted_columns": ["city"], "compared_columns": 0, "drifted_share": 0.5},
         "1 column (50.0%) drifted since champion 1: city."),
    ],
)  # fmt: skip
def test_each_kind_of_drift_has_words_of_its_own(changes, words):
    assert sentence("drift_detected", ANALYSIS | changes) == words


def test_several_kinds_of_drift_are_all_named():
    result = ANALYSIS | {"triggers": ["data", "prediction"]}
    text = sentence("drift_detected", result)
    assert "4 of 24 columns drifted" in text
    assert "scores on new leads have moved" in text


@pytest.mark.parametrize(
    ("dag_id", "confirmed", "done"),
    [
        ("data_drift_redshift_retrain", True, "A new model is being trained"),
        ("data_drift_redshift_retrain", False, "Nothing is retrained yet"),
        ("monitor_drift", True, "Nothing was retrained: this watch only"),
    ],
)
def test_a_drift_alert_says_what_follows_in_its_dag(dag_id, confirmed, done):
    result = ANALYSIS | {"confirmed": confirmed}
    alert = told("drift_detected", result, dag_id=dag_id)
    assert alert.message.response.startswith(done)


def test_a_drift_that_waits_but_was_forced_is_trained_for():
    waiting = context() | {"params": {"force_retrain": True}}
    result = ANALYSIS | {"confirmed": False}
    alert = make_alert("drift_detected", result, Origin.of(waiting))
    assert "force_retrain" in alert.message.response


def test_an_outage_names_columns_as_people_call_them_and_what_is_wrong():
    alert = told("data_outage", OUTAGE)
    assert alert.message.sentence == (
        "A feed looks broken, 2 columns are affected: Channel (missing in 62% "
        "of rows, 3% in the reference) and asymmetrique_score (no value in 3853 "
        "rows, it varied in the reference)."
    )
    assert (
        "Channel",
        "missing in 62% of rows, 3% in the reference",
    ) in alert.message.facts


@pytest.mark.parametrize(
    ("event", "result"), [("drift_detected", ANALYSIS), ("data_outage", OUTAGE)]
)
def test_columns_with_another_spelling_are_named_without_their_levels(
    event, result
):
    written = result | {"spelling_rows": {"channel": 1412, "city": 1}}
    alert = told(event, written)
    words = (
        "Channel (1,412 leads), city (1 lead): known levels written "
        "differently, not counted as drift"
    )
    assert ("Spelling", words) in alert.message.facts
    assert words in as_text(alert)
    assert "Spelling" not in dict(told(event, result).message.facts)


def test_columns_that_moved_by_the_calendar_are_named_beside_the_drifted():
    result = ANALYSIS | {"seasonal_columns": ["month"]}
    facts = dict(told("drift_detected", result).message.facts)
    assert facts["Moved by the calendar, not counted"] == "month"
    assert "month" not in facts["Drifted columns"]


def test_a_window_without_enough_leads_is_an_outage_of_its_own_kind():
    detail = "12 leads arrived where 900 were to be expected"
    result = {"outage_columns": ["(rows)"], "outages": {"(rows)": detail}}
    assert sentence("data_outage", result) == f"{detail}."


def test_two_stages_are_told_apart():
    alert = told("model_deployed", [PROMOTED, KEPT])
    assert alert.message.sentence == (
        "Version 2 of lead-conversion now serves in place of version 1 for "
        "stage contact (ROC-AUC 0.9861, before 0.9850); champion version 1 "
        "stays for stage capture: version 2 did not pass the gate (gain in "
        "roc_auc, 95 % lower bound: -0.0210 is not > -0.0050, and 1 more)."
    )
    names = [link.name for link in alert.links]
    assert names == [
        "Gate page, contact",
        "Gate page, capture",
        "Model card, contact",
        "Model card, capture",
        "Full report, contact",
        "Full report, capture",
        "MLflow run, contact",
        "MLflow run, capture",
        "Log",
    ]


def test_a_first_champion_replaces_nobody():
    first = PROMOTED | {
        "champion_version": None,
        "metrics": {"challenger": {"roc_auc": 0.98}, "champion": None},
    }
    assert sentence("model_deployed", [first]) == (
        "Version 2 of lead-conversion is the first champion for stage contact "
        "(ROC-AUC 0.9800)."
    )


def test_a_rollback_says_which_version_serves_again_and_why():
    record = {
        "verdict": "rollback",
        "model": "lead-conversion",
        "version": "1",
        "champion_version": "2",
        "stage": "contact",
        "reasons": ["scores look wrong"],
    }
    assert sentence("model_deployed", record) == (
        "Version 1 of lead-conversion serves again for stage contact in place "
        "of version 2 (scores look wrong)."
    )


def test_a_challenger_that_passed_but_may_not_serve_says_what_stopped_it():
    reasons = ["passed the gate, but promotion mode dry_run kept the champion"]
    kept = PROMOTED | {"reasons": [*reasons, *PROMOTED["reasons"]]}
    assert sentence("champion_kept", [kept]) == (
        "Champion version 1 stays for stage contact: version 2 passed the "
        "gate, but promotion mode dry_run kept the champion."
    )


def test_nothing_compared_is_said_where_promotion_is_disabled():
    assert "promotion is disabled" in sentence("champion_kept", [])


def test_the_question_has_a_link_to_its_answer():
    alert = told("approval_asked", [PROMOTED, KEPT])
    assert alert.links[0].name == "Question"
    assert alert.links[0].address.endswith("/ask_approval/required_actions")
    assert "version 2 of lead-conversion may replace version 1" in (
        alert.message.sentence
    )
    assert "capture" not in alert.message.sentence


def test_a_failure_shows_the_exceptions_type_and_never_its_message():
    secret = "password=hunter2"
    origin = Origin.of(context("task_failed", exception=KeyError(secret)))
    alert = make_alert("task_failed", {"model": secret}, origin)
    assert alert.message.sentence == (
        "Task quality_gate of ingest_leads failed with KeyError."
    )
    assert "3 times" in alert.message.response
    for shown in (as_text(alert), as_html(alert), json.dumps(as_slack(alert))):
        assert "hunter2" not in shown


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize(
    "result",
    [
        None,
        {},
        [],
        "a text",
        7,
        [None, "x", {}],
        {"drifted_columns": "no list", "outages": [], "metrics": 3},
        {"drifted_columns": [None, 1], "metrics": {"challenger": None}},
        {"triggers": None, "reasons": None, "version": 3, "stage": 4},
        {"current_rows": float("nan"), "drifted_share": "half"},
        {"labelled_rows": 0, "positives": None, "stages": ["contact"]},
    ],
)
def test_a_result_with_missing_or_odd_details_still_makes_an_alert(
    event, result
):
    alert = told(event, result)
    message = alert.message
    for text in (message.sentence, message.response, message.advice):
        assert text
        assert "None" not in text
        assert "nan" not in text.split()
        assert text.endswith((".", "?"))
    assert block_problems(as_slack(alert)["blocks"]) == []
    assert alert.links[-1].name == "Log"


def with_text(value, text):
    """The value with every text in it replaced, addresses and verdicts kept."""
    if isinstance(value, dict):
        kept = ("verdict", "triggers")
        return {
            key: item if key in kept else with_text(item, text)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [with_text(item, text) for item in value]
    if isinstance(value, str) and not value.startswith("http"):
        return text
    return value


class Elements(HTMLParser):
    """The elements of a page, with their addresses."""

    def __init__(self, page):
        super().__init__()
        self.found = []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        risky = [n for n, v in attributes if n.startswith("on")]
        assert risky == []
        self.found.append((tag, dict(attributes).get("href")))


@pytest.mark.parametrize("text", NASTY_TEXTS)
@pytest.mark.parametrize("event", EVENTS)
def test_text_of_leads_is_shown_as_text_in_every_channel(event, text):
    plain = Elements(as_html(told(event, with_text(RESULTS[event], "plain"))))
    alert = told(event, with_text(RESULTS[event], text))
    assert Elements(as_html(alert)).found == plain.found
    message = as_slack(alert)
    assert block_problems(message["blocks"]) == []
    assert "<!channel>" not in message["text"]
    for block in message["blocks"]:
        for content in (block.get("text"), *block.get("elements", ())):
            if not content:
                continue
            if content["type"] == "plain_text":
                assert not re.search("[<>]", content["text"])
            else:
                assert "channel>" not in content["text"]
    assert "\x1b" not in as_text(alert)
    assert "\u202e" not in as_text(alert)


def test_a_mail_has_text_and_html_and_no_header_that_a_text_brought():
    result = ANALYSIS | {"drifted_columns": ["a\r\nBcc: evil@example.com"]}
    alert = told("drift_detected", result)
    mail = message_from_bytes(
        as_mail(alert, "from@example.com", "to@example.com").as_bytes(),
        policy=policy.default,
    )
    assert mail["Bcc"] is None
    assert mail["Subject"] == "[lead-conversion] Data drift detected"
    assert mail.get_content_type() == "multipart/alternative"
    kinds = [part.get_content_type() for part in mail.iter_parts()]
    assert kinds == ["text/plain", "text/html"]
    assert mail["X-Lead-Alert"] == as_slack(alert)["blocks"][0]["block_id"]


def test_what_happened_what_was_done_advice_and_links_come_in_this_order():
    alert = told("model_deployed", [PROMOTED])
    slack = json.dumps(as_slack(alert)["blocks"], ensure_ascii=False)
    for shown in (as_text(alert), as_html(alert), slack):
        places = [
            shown.index(part)
            for part in (
                "now serves in place of",
                alert.message.response[:30],
                alert.message.advice[:20],
                PROMOTED["gate_page_url"],
                PROMOTED["report_url"],
                PROMOTED["mlflow_run_url"],
                "tasks/promote",
                "manual__1",
            )
        ]
        ids = shown.rindex("manual__1")
        assert places[:-1] == sorted(places[:-1])
        assert ids > places[-2]


def test_long_results_are_cut_to_what_slack_takes():
    columns = [f"<{'x' * 400}{number}>" for number in range(500)]
    result = ANALYSIS | {"drifted_columns": columns}
    message = as_slack(told("drift_detected", result))
    assert block_problems(message["blocks"]) == []
    assert any(
        block.get("text", {}).get("text", "").endswith("…")
        for block in message["blocks"]
    )


def test_pages_that_could_not_be_made_are_named():
    kept = KEPT | {"missing_pages": ["gate page"], "gate_page_url": None}
    alert = told("champion_kept", [kept])
    assert (
        "Could not be made, the log says why",
        "gate page (capture)",
    ) in alert.message.facts
    assert "Gate page" not in [link.name for link in alert.links]


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "s3://b/k", "", None, 3]
)
def test_only_a_web_address_becomes_a_link(address):
    alert = told("drift_detected", ANALYSIS | {"drift_page_url": address})
    assert "Drift page" not in [link.name for link in alert.links]


def test_an_alert_of_every_mapped_instance_and_try_has_a_key_of_its_own():
    keys = {
        told("model_registered", {}, map_index=index, try_number=number).key
        for index in (-1, 0, 1)
        for number in (1, 2)
    }
    assert len(keys) == 6
    assert all(key.startswith("model_registered.") for key in keys)


def test_every_event_has_an_example():
    assert set(EVENTS) == set(RESULTS) == set(TASKS)


def test_moments_are_shown_in_utc_and_texts_on_one_line():
    assert day(context()["dag_run"].run_after) == "3 Feb 2026, 04:29 UTC"
    assert day("yesterday") == ""
    assert one_line("a\n\tb\x00\u202ec") == "a bc"
    assert one_line("x" * 999, 10) == "x" * 9 + "…"


REFUSED = {"lightgbm": "it ranks no better than chance"}


def test_a_registered_model_says_why_preferred_families_are_not_registered():
    result = RESULTS["model_registered"] | {"refused": REFUSED}
    facts = dict(told("model_registered", result).message.facts)
    assert facts["Not registered, lightgbm"] == REFUSED["lightgbm"]


def test_a_refused_stage_is_named_with_the_reason_of_each_family_and_its_page():
    page = "https://reports.example/contact.html"
    result = {"stage": "contact", "refused": REFUSED, "refusal_page_url": page}
    alert = told("task_failed", result)
    assert alert.message.sentence.startswith(
        "Stage contact gets no challenger, because no family gave a usable model"
    )
    assert "other stages of the run go on" in alert.message.response
    facts = dict(alert.message.facts)
    assert facts["Not registered, lightgbm"] == REFUSED["lightgbm"]
    assert Link("Refused stage", page) in alert.links


@pytest.mark.parametrize("result", [None, {"refused": "odd"}, {"odd": 1}])
def test_any_other_failure_says_nothing_of_families(result):
    message = told("task_failed", result).message
    assert "family" not in message.sentence
    assert [name for name, _ in message.facts] == ["Exception"]


PLAIN_IDS = {
    "bootstrap_platform",
    "data_drift_redshift_retrain",
    "deploy_endpoint",
    "monitor_drift",
    "promote_model",
}


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("name", ["monitor_drift", "promote_model"])
def test_an_alert_of_another_contract_says_so_and_sends_nobody_to_the_default_ones_dags(
    event, name
):
    default = told(event, RESULTS[event], dag_id=name)
    alert = told(event, RESULTS[event], dag_id=f"partners.{name}")
    assert alert.title == f"partners: {default.title}"
    for part in ("response", "advice"):
        text = getattr(alert.message, part)
        ids = re.findall(r"[\w.]*\b(?:" + "|".join(PLAIN_IDS) + r")\b", text)
        assert all(dag_id.startswith("partners.") for dag_id in ids), text
        assert text.replace("partners.", "") == getattr(default.message, part)
