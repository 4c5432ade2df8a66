"""Alerts against what receives them: a webhook that answers like Slack's, and a real SMTP server."""

import json
import threading
from datetime import UTC, datetime
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import pytest
from aiosmtpd.controller import Controller

from lead_ops.notifications import TITLES, Notifier

SECRET = "password=hunter2 of jane@example.org"  # noqa: S105 - what must not leak
LOG_URL = "http://airflow.example/log"


class SlackLike(BaseHTTPRequestHandler):
    """An incoming webhook: JSON with a text is `ok`, anything else `invalid_payload`."""

    def do_POST(self):  # noqa: N802 - the base class's name
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.received.append(body)
        good = self.server.healthy and "text" in body
        self.send_response(200 if good else 400)
        self.end_headers()
        self.wfile.write(b"ok" if good else b"invalid_payload")

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


def context(result=None, **extra):
    moment = datetime(2026, 2, 3, 4, 29, tzinfo=UTC)
    ti = SimpleNamespace(
        dag_id="data_drift_redshift_retrain",
        run_id="manual__1",
        task_id="decide",
        start_date=moment,
        end_date=moment,
        log_url=LOG_URL,
        xcom_pull=lambda task_ids: result,
    )
    return {
        "ti": ti,
        "dag_run": SimpleNamespace(run_after=moment),
        "task": SimpleNamespace(),
        **extra,
    }


def mail_body(mailbox):
    return mailbox.messages[0][1].get_body(("html",)).get_content()


@pytest.mark.parametrize("event", sorted(TITLES))
def test_every_event_reaches_slack_and_email(slack, mailbox, event):
    Notifier(event)(context())
    assert TITLES[event] in slack.received[0]["text"]
    envelope, message = mailbox.messages[0]
    assert TITLES[event] in message["Subject"]
    assert (envelope.mail_from, envelope.rcpt_tos) == (
        "airflow@example.org",
        ["mlops@example.com"],
    )


def test_an_alert_names_dag_run_task_times_and_log(slack, mailbox):
    Notifier("task_failed")(context(exception=ValueError("x")))
    for text in (slack.received[0]["text"], mail_body(mailbox)):
        for part in (
            "data_drift_redshift_retrain",
            "manual__1",
            "decide",
            "2026-02-03 04:29:00",
            LOG_URL,
        ):
            assert part in text


def test_a_failure_shows_the_exceptions_type_and_never_its_message(
    slack, mailbox
):
    Notifier("task_failed")(
        context(result={"model": SECRET}, exception=ValueError(SECRET))
    )
    for text in (slack.received[0]["text"], mail_body(mailbox)):
        assert "ValueError" in text
        assert "hunter2" not in text


def test_an_exception_that_arrives_as_text_is_not_quoted(slack):
    Notifier("task_failed")(context(exception=SECRET))
    assert "hunter2" not in slack.received[0]["text"]


def test_a_sensor_that_timed_out_says_where_it_looked(slack):
    sensor = SimpleNamespace(
        bucket_key="s3://leads/raw-data/dt=2026-02-02/*.csv"
    )
    Notifier("task_failed")(context(exception=TimeoutError(), task=sensor))
    assert (
        "s3://leads/raw-data/dt=2026-02-02/*.csv" in slack.received[0]["text"]
    )


def test_a_drift_alert_carries_share_columns_and_the_link_to_the_report(slack):
    result = {
        "verdict": "drift",
        "drifted_share": 0.4812,
        "drifted_columns": ["lead_source", "city"],
        "mlflow_run_url": "http://mlflow.example/#/runs/1",
        "internal": "not for an alert",
    }
    Notifier("drift_detected", source="analyse_drift")(context(result))
    text = slack.received[0]["text"]
    assert "Drifted share: 0.481" in text
    assert "lead_source, city" in text
    assert "http://mlflow.example/#/runs/1" in text
    assert "not for an alert" not in text


def test_a_drift_alert_says_what_drifted_and_whether_it_waits_for_confirmation(
    slack,
):
    waiting = "1 of the newest 2 analyses drifted, 2 of 3 needed"
    result = {
        "verdict": "drift",
        "triggers": ["data", "performance"],
        "confirmed": False,
        "confirmation": waiting,
    }
    Notifier("drift_detected", source="analyse_drift")(context(result))
    text = slack.received[0]["text"]
    assert "Triggers: data, performance" in text
    assert f"Confirmation: {waiting}" in text


def test_models_of_several_stages_are_all_named(slack):
    Notifier("model_deployed")(
        context(
            [
                {"model": "m", "version": "3"},
                {"model": "m-capture", "version": "1"},
            ]
        )
    )
    assert (
        "Model: m\nVersion: 3\nModel: m-capture\nVersion: 1"
        in slack.received[0]["text"]
    )


def test_markup_in_a_value_is_shown_as_text(slack, mailbox):
    Notifier("drift_detected")(context({"drifted_columns": ["<!channel>"]}))
    assert "&lt;!channel&gt;" in slack.received[0]["text"]
    assert "&lt;!channel&gt;" in mail_body(mailbox)


def test_nothing_is_sent_where_the_condition_does_not_hold(slack, mailbox):
    Notifier("drift_detected", when=lambda context: False)(context())
    assert (slack.received, mailbox.messages) == ([], [])


def test_an_alert_carries_the_same_links_as_the_tasks_page(slack, mailbox):
    page = "https://s3.console.aws.amazon.com/s3/object/leads?region=eu-west-1&prefix=reports%2Fx.html"
    Notifier("model_deployed")(
        context(
            [
                {
                    "stage": "contact",
                    "gate_page_url": page,
                    "model_card_url": None,
                }
            ]
        )
    )
    assert (
        "Gate page: " + page.replace("&", "&amp;") in slack.received[0]["text"]
    )  # Slack's own rule for an address
    assert "Model card" not in slack.received[0]["text"]
    assert f'<a href="{page.replace("&", "&amp;")}">' in mail_body(mailbox)


def test_without_connections_nothing_is_tried(capsys):
    Notifier("task_failed")(context())
    assert "sent to" not in capsys.readouterr().out


def test_email_alone_is_sent_where_only_its_connection_exists(mailbox):
    Notifier("model_registered")(context())
    assert len(mailbox.messages) == 1


def test_a_broken_slack_neither_fails_the_task_nor_stops_the_email(
    slack, mailbox, capsys
):
    slack.healthy = False
    Notifier("model_deployed")(context())
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
    Notifier("champion_kept")(context())
    assert len(slack.received) == 1


def test_an_unknown_event_is_an_error_at_parse():
    with pytest.raises(KeyError):
        Notifier("model_forgotten")
