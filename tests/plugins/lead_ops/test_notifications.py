"""Alerts against what receives them: a webhook that answers like Slack's, and a real SMTP server."""

import json
import os
import shutil
import subprocess
import sys
import threading
from email import message_from_bytes, policy
from html import unescape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest
from aiosmtpd.controller import Controller

from demo.inbox.block_kit import block_problems
from demo.inbox.slack import slack_text
from lead_ops.alerts.content import EVENTS
from lead_ops.notifications import ALERT, Notifier
from tests.plugins.lead_ops.alerts.examples import (
    ANALYSIS,
    PROMOTED,
    RESULTS,
    context,
)

PLUGINS = Path(__file__).parents[3] / "plugins"
SECRET = "password=hunter2 of jane@example.org"


class SlackLike(BaseHTTPRequestHandler):
    """An incoming webhook: JSON with a text is `ok`, else `invalid_payload`, or `invalid_blocks` beyond its limits."""

    def do_POST(self):  # noqa: N802 - the base class's name
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.received.append(body)
        answer = b"ok"
        if not self.server.healthy or "text" not in body:
            answer = b"invalid_payload"
        elif block_problems(body["blocks"]):
            answer = b"invalid_blocks"
        self.send_response(200 if answer == b"ok" else 400)
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        """Stays quiet."""


@pytest.fixture
def slack(monkeypatch):
    with ThreadingHTTPServer(("127.0.0.1", 0), SlackLike) as server:
        server.received, server.healthy = [], True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        connection = {
            "conn_type": "slackwebhook",
            "host": f"http://127.0.0.1:{server.server_port}/services",
            "password": "T0/B0/token-that-is-secret",
        }
        monkeypatch.setenv("AIRFLOW_CONN_SLACK_DEFAULT", json.dumps(connection))
        yield server
        server.shutdown()


class Mailbox:
    """Keeps what an SMTP server is handed."""

    def __init__(self):
        self.messages = []

    async def handle_DATA(self, _server, _session, envelope):  # noqa: N802 - aiosmtpd's name
        self.messages.append(
            (
                envelope,
                message_from_bytes(envelope.content, policy=policy.default),
            )
        )
        return "250 kept"


@pytest.fixture
def mailbox(monkeypatch):
    mailbox = Mailbox()
    controller = Controller(mailbox, hostname="127.0.0.1", port=0)
    controller.port = free_port()
    controller.start()
    connection = {
        "conn_type": "smtp",
        "host": "127.0.0.1",
        "port": controller.port,
        "extra": {
            "disable_ssl": True,
            "disable_tls": True,
            "from_email": "airflow@example.org",
        },
    }
    monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", json.dumps(connection))
    yield mailbox
    controller.stop()


def free_port():
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(autouse=True)
def no_connections(monkeypatch):
    monkeypatch.delenv("AIRFLOW_CONN_SLACK_DEFAULT", raising=False)
    monkeypatch.delenv("AIRFLOW_CONN_SMTP_DEFAULT", raising=False)


def slack_shows(slack):
    return slack_text(slack.received[0])


def mail_parts(mailbox):
    mail = mailbox.messages[0][1]
    return [mail.get_body((kind,)).get_content() for kind in ("plain", "html")]


@pytest.mark.parametrize("event", EVENTS)
def test_every_event_reaches_slack_and_email_with_the_same_sentence(
    slack, mailbox, event
):
    Notifier(event)(context(event, RESULTS[event]))
    title, sentence = slack_shows(slack).splitlines()[:2]
    assert title == EVENTS[event].title
    envelope, message = mailbox.messages[0]
    assert message["Subject"] == f"[lead-conversion] {title}"
    assert (envelope.mail_from, envelope.rcpt_tos) == (
        "airflow@example.org",
        ["mlops@example.com"],
    )
    text, html = mail_parts(mailbox)
    assert sentence in " ".join(text.split())
    assert sentence in unescape(html)


def test_an_alert_ends_with_dag_run_task_times_and_has_a_link_to_the_log(
    slack, mailbox
):
    failed = context("task_failed")
    Notifier("task_failed")(failed)
    for text in (slack_shows(slack), *mail_parts(mailbox)):
        for part in (
            "ingest_leads",
            "manual__1",
            "quality_gate",
            "3 Feb 2026, 04:29 UTC",
            failed["ti"].log_url,
        ):
            assert part in unescape(text)


def test_a_failure_shows_the_exceptions_type_and_never_its_message(
    slack, mailbox
):
    Notifier("task_failed")(
        context("task_failed", {"model": SECRET}, ValueError(SECRET))
    )
    for text in (json.dumps(slack.received[0]), *mail_parts(mailbox)):
        assert "ValueError" in text
        assert "hunter2" not in text


def test_an_exception_that_arrives_as_text_is_not_quoted(slack):
    Notifier("task_failed")(context("task_failed", exception=SECRET))
    assert "hunter2" not in json.dumps(slack.received[0])


def test_a_sensor_that_timed_out_says_where_it_looked(slack):
    sensor = SimpleNamespace(
        bucket_key="s3://leads/raw-data/dt=2026-02-02/*.csv"
    )
    Notifier("task_failed")(
        context("task_failed", exception=TimeoutError(), task=sensor)
    )
    assert "s3://leads/raw-data/dt=2026-02-02/*.csv" in slack_shows(slack)


def test_a_key_that_no_alert_knows_stays_out_of_it(slack):
    Notifier("drift_detected", source="analyse_drift")(
        context(result=ANALYSIS | {"internal": "not for an alert"})
    )
    text = slack_shows(slack)
    assert "4 of 24 columns drifted since champion 1" in text
    assert ANALYSIS["mlflow_run_url"] in text
    assert "not for an alert" not in text


def test_details_come_from_the_source_task_under_its_key(slack):
    drifted = context(result=ANALYSIS)
    Notifier("drift_detected", source="analyse_drift")(drifted)
    assert drifted["ti"].pulls == [
        {"task_ids": "analyse_drift", "key": "return_value"}
    ]
    started = context("retraining_started", RESULTS["retraining_started"])
    Notifier("retraining_started", key=ALERT)(started)
    assert started["ti"].pulls == [
        {"task_ids": "retrain.start_training", "key": "alert"}
    ]


def test_a_mapped_task_tells_of_its_own_instance_alone(slack):
    mapped = context(
        "model_registered", RESULTS["model_registered"], map_index=1
    )
    Notifier("model_registered")(mapped)
    assert mapped["ti"].pulls[0]["map_indexes"] == 1


def test_markup_in_a_value_is_shown_as_text(slack, mailbox):
    Notifier("drift_detected")(
        context(result=ANALYSIS | {"drifted_columns": ["<!channel>"]})
    )
    assert "<!channel>" not in json.dumps(slack.received[0])
    assert "<!channel>" in slack_shows(slack)
    assert "&lt;!channel&gt;" in mail_parts(mailbox)[1]


def test_nothing_is_sent_where_the_condition_does_not_hold(slack, mailbox):
    Notifier("drift_detected", when=lambda context: False)(context())
    assert (slack.received, mailbox.messages) == ([], [])


def test_an_address_with_parameters_arrives_whole(slack, mailbox):
    page = "https://s3.console.aws.amazon.com/s3/object/leads?region=eu-west-1&prefix=reports%2Fx.html"
    Notifier("model_deployed")(
        context(
            "model_deployed",
            [PROMOTED | {"gate_page_url": page, "model_card_url": None}],
        )
    )
    # Slack's own rule for an address
    link = f"<{page.replace('&', '&amp;')}|Gate page>"
    assert link in json.dumps(slack.received[0])
    assert "Model card" not in slack_shows(slack)
    text, html = mail_parts(mailbox)
    assert page in text.replace("=\n", "")
    assert f'href="{page.replace("&", "&amp;")}"' in html


def test_without_connections_nothing_is_tried(capsys):
    Notifier("task_failed")(context("task_failed"))
    assert "sent to" not in capsys.readouterr().out


def test_email_alone_is_sent_where_only_its_connection_exists(mailbox):
    Notifier("model_registered")(context("model_registered"))
    assert len(mailbox.messages) == 1


def test_a_broken_slack_neither_fails_the_task_nor_stops_the_email(
    slack, mailbox, capsys
):
    slack.healthy = False
    Notifier("model_deployed")(context("model_deployed"))
    assert len(mailbox.messages) == 1
    logged = capsys.readouterr().out
    assert "Alert model_deployed not sent to Slack" in logged
    assert "token-that-is-secret" not in logged


def test_a_mail_server_that_is_down_does_not_stop_slack(slack, monkeypatch):
    connection = {
        "conn_type": "smtp",
        "host": "127.0.0.1",
        "port": free_port(),
        "extra": {"disable_ssl": True},
    }
    monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", json.dumps(connection))
    Notifier("champion_kept")(context("champion_kept"))
    assert len(slack.received) == 1


def test_an_unknown_event_is_an_error_at_parse():
    with pytest.raises(KeyError):
        Notifier("model_forgotten")


def test_a_result_that_nobody_foresaw_still_sends_an_alert(
    slack, monkeypatch, caplog
):
    def fail(*_):
        raise RuntimeError(SECRET)

    event = EVENTS["drift_detected"]._replace(message=fail)
    monkeypatch.setitem(EVENTS, "drift_detected", event)
    Notifier("drift_detected")(context(result=ANALYSIS))
    text = slack_shows(slack)
    assert "Data drift detected" in text
    assert ANALYSIS["drift_page_url"] in text
    assert "RuntimeError" in caplog.text
    assert "hunter2" not in caplog.text


def test_several_receivers_get_the_mail(mailbox, monkeypatch):
    from include.settings import settings

    monkeypatch.setenv("LEADS_ALERT_EMAIL", "a@example.com; b@example.com")
    settings.cache_clear()
    try:
        Notifier("champion_kept")(context("champion_kept"))
    finally:
        monkeypatch.undo()
        settings.cache_clear()
    envelope, _ = mailbox.messages[0]
    assert envelope.rcpt_tos == ["a@example.com", "b@example.com"]


def test_parsing_a_dag_imports_nothing_that_only_sending_needs():
    probe = (
        "import sys; import airflow.sdk; before = set(sys.modules);"
        "import lead_ops.notifications;"
        "print([name for name in set(sys.modules) - before if name.partition('.')[0] in "
        "('jinja2', 'smtplib', 'slack_sdk', 'include')])"
    )
    answer = subprocess.run(
        [sys.executable, "-c", probe],
        check=True,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(PLUGINS)},
    )
    assert answer.stdout.splitlines()[-1] == "[]"


def test_templates_are_found_in_the_plugins_zip(tmp_path):
    archive = shutil.make_archive(str(tmp_path / "plugins"), "zip", PLUGINS)
    folder = tmp_path / "unpacked"
    shutil.unpack_archive(archive, folder)
    probe = (
        "from lead_ops.alerts.alert import Origin; from lead_ops.alerts.content import make_alert;"
        "from lead_ops.alerts.mail import as_text; import lead_ops; print(lead_ops.__file__);"
        "print(as_text(make_alert('champion_kept', [], Origin('d', 'r', 't'))))"
    )
    for path in (archive, folder):
        answer = subprocess.run(
            [sys.executable, "-c", probe],
            check=True,
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(path)},
        )
        assert str(path) in answer.stdout.splitlines()[0]
        assert "What you may want to do" in answer.stdout
