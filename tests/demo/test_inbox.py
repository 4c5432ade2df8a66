"""The alert inbox over real HTTP and SMTP."""

import os
import smtplib
import socket
import subprocess
import sys
import time
from email.message import EmailMessage

import httpx
import pytest

from demo.environment import ROOT
from demo.inbox import slack_text


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def inbox():
    http, smtp = free_port(), free_port()
    environment = os.environ | {
        "LEADS_INBOX_PORT": str(http),
        "LEADS_SMTP_PORT": str(smtp),
        "PYTHONPATH": str(ROOT),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "demo.inbox"], env=environment, cwd=ROOT
    )
    client = httpx.Client(base_url=f"http://127.0.0.1:{http}")
    try:
        for _ in range(200):
            try:
                client.get("/healthz").raise_for_status()
                break
            except httpx.HTTPError:
                assert process.poll() is None, "the inbox ended while starting"
                time.sleep(0.1)
        yield client, smtp
    finally:
        process.terminate()
        process.wait(10)


def newest(client):
    return client.get("/api/alerts").json()[-1]


def test_a_slack_message_is_kept_with_what_its_readers_would_see(inbox):
    client, _ = inbox
    blocks = [
        {"type": "section", "text": {"type": "mrkdwn", "text": "share 0.48"}}
    ]
    answer = client.post(
        "/slack/T0/B0", json={"text": "Data drift detected", "blocks": blocks}
    )
    assert (answer.status_code, answer.text) == (200, "ok")
    alert = newest(client)
    assert (alert["channel"], alert["to"], alert["subject"]) == (
        "slack",
        "T0/B0",
        "Data drift detected",
    )
    assert "share 0.48" in alert["text"]


@pytest.mark.parametrize(("content", "answer"), [(b"{no json", "invalid_payload"), (b"[]", "invalid_payload"), (b"{}", "no_text")])  # fmt: skip # noqa: E501
def test_a_payload_that_slack_refuses_is_refused(inbox, content, answer):
    client, _ = inbox
    before = len(client.get("/api/alerts").json())
    response = client.post("/slack/x", content=content)
    assert (response.status_code, response.text) == (400, answer)
    assert len(client.get("/api/alerts").json()) == before


def test_an_email_is_kept_with_subject_recipients_and_text(inbox):
    client, smtp = inbox
    mail = EmailMessage()
    mail["Subject"], mail["From"], mail["To"] = (
        "Modèle déployé",
        "airflow@example.com",
        "mlops@example.com",
    )
    mail.set_content("version 3")
    mail.add_alternative("<p>version 3</p>", subtype="html")
    with smtplib.SMTP("127.0.0.1", smtp) as server:
        server.send_message(mail)
    alert = newest(client)
    assert (alert["channel"], alert["to"], alert["subject"]) == (
        "email",
        "mlops@example.com",
        "Modèle déployé",
    )
    assert alert["text"].strip() == "version 3"


def test_the_page_shows_a_message_as_text_and_not_as_markup(inbox):
    client, _ = inbox
    client.post("/slack/x", json={"text": "<script>alert(1)</script>"})
    page = client.get("/").text
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_texts_of_nested_blocks_are_found_once_and_in_order():
    fields = [{"type": "mrkdwn", "text": "b"}, {"type": "mrkdwn", "text": "a"}]
    assert (
        slack_text(
            {"text": "a", "blocks": [{"type": "section", "fields": fields}]}
        )
        == "a\nb"
    )
