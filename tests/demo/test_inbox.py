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
from demo.inbox.block_kit import block_problems
from demo.inbox.messages import Alert, events
from demo.inbox.slack import mrkdwn, slack_text


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


def plain(text):
    return {"type": "plain_text", "text": text, "emoji": False}


GOOD_BLOCKS = [
    {"type": "header", "block_id": "drift_detected.1", "text": plain("Drift")},
    {"type": "section", "text": plain("11 of 24 columns &lt;b&gt; drifted")},
    {"type": "context", "elements": [{"type": "mrkdwn", "text": "*Done*"}]},
    {
        "type": "section",
        "text": {
            "type": "mrkdwn",
            "text": "<http://a.example/?x=1&amp;y|Page>",
        },
    },
    {"type": "divider"},
]


def without(block, *names):
    return {name: value for name, value in block.items() if name not in names}


@pytest.mark.parametrize(
    ("blocks", "problem"),
    [
        ("no list", "is no list"),
        ([], "0, a message has 1 to 50"),
        ([{"type": "divider"}] * 51, "51, a message has 1 to 50"),
        ([{"type": "shout", "text": plain("a")}], "is none of"),
        ([{"type": "header", "text": plain("x" * 151)}], "1 to 150"),
        ([{"type": "header", "text": {"type": "mrkdwn", "text": "a"}}], "no plain_text"),
        ([{"type": "section", "text": plain("x" * 3001)}], "1 to 3000"),
        ([{"type": "section", "text": plain("")}], "1 to 3000"),
        ([{"type": "section"}], "needs text or fields"),
        ([{"type": "section", "fields": [plain("a")] * 11}], "1 to 10"),
        ([{"type": "section", "text": plain("a"), "colour": "red"}], "has no colour"),
        ([{"type": "context", "elements": []}], "1 to 10"),
        ([{"type": "divider", "block_id": "a"}] * 2, "twice"),
        ([{"type": "divider", "block_id": "x" * 256}], "255"),
        ([{"type": "section", "text": plain("a") | {"verbatim": True}}], "has no verbatim"),
    ],
)  # fmt: skip
def test_blocks_beyond_slacks_limits_are_refused_as_slack_does(
    inbox, blocks, problem
):
    assert problem in "; ".join(block_problems(blocks))
    client, _ = inbox
    answer = client.post("/slack/x", json={"text": "a", "blocks": blocks})
    assert (answer.status_code, answer.text) == (400, "invalid_blocks")


def test_a_message_is_shown_as_its_blocks_say(inbox):
    client, _ = inbox
    assert block_problems(GOOD_BLOCKS) == []
    client.post("/slack/x", json={"text": "fallback", "blocks": GOOD_BLOCKS})
    alert = newest(client)
    assert (alert["subject"], alert["event"], alert["key"]) == (
        "Drift",
        "drift_detected",
        "drift_detected.1",
    )
    assert "Page (http://a.example/?x=1&y)" in alert["text"]
    page = client.get("/").text
    assert "11 of 24 columns &lt;b&gt; drifted" in page
    assert (
        '<a href="http://a.example/?x=1&amp;y" rel="noreferrer" target="_blank">'
        "Page</a>" in page
    )
    assert "<b>Done</b>" in page


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("*bold* _it_ ~no~ `x`", "<b>bold</b> <i>it</i> <s>no</s> <code>x</code>"),
        ("lead_source and page_views", "lead_source and page_views"),
        ("2 * 3 * 4", "2 * 3 * 4"),
        ("<!channel> <@U1>", "<mark>@channel</mark> <mark>@U1</mark>"),
        ("&lt;script&gt; &amp;", "&lt;script&gt; &amp;"),
        ("<javascript:alert(1)|x>", "&lt;javascript:alert(1)|x&gt;"),
        ("<http://a/\"onclick=x|y>", '<a href="http://a/&#34;onclick=x" rel="noreferrer" target="_blank">y</a>'),
        ("a\nb", "a<br>b"),
    ],
)  # fmt: skip
def test_mrkdwn_is_shown_as_slack_shows_it(text, shown):
    assert mrkdwn(text) == shown


def test_a_bare_address_is_a_link_unless_the_text_is_verbatim():
    assert "<a " in mrkdwn("see http://a.example/x")
    assert "<a " not in mrkdwn("see http://a.example/x", verbatim=True)


def test_a_mail_is_shown_in_a_frame_that_runs_and_fetches_nothing(inbox):
    client, smtp = inbox
    mail = EmailMessage()
    mail["Subject"], mail["From"], mail["To"] = (
        "S",
        "a@b.example",
        "c@d.example",
    )
    mail["X-Lead-Alert"] = "data_outage.7"
    mail.set_content("as text")
    mail.add_alternative(
        "<p onclick=x>as <b>HTML</b></p><script>alert(1)</script>",
        subtype="html",
    )
    with smtplib.SMTP("127.0.0.1", smtp) as server:
        server.send_message(mail)
    alert = newest(client)
    assert (alert["event"], alert["text"].strip()) == ("data_outage", "as text")
    answer = client.get("/")
    page = answer.text
    assert "<script>" not in page
    (frame,) = [
        line
        for line in page.splitlines()
        if "srcdoc" in line and "as &lt;b&gt;HTML" in line
    ]
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in frame
    assert "allow-scripts" not in page
    assert "default-src &#39;none&#39;" in frame
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    source = client.get(f"/messages/{alert['number']}/source")
    assert source.headers["Content-Type"].startswith("text/plain")
    assert "X-Lead-Alert: data_outage.7" in source.text
    assert client.get("/messages/999999/source").status_code == 404


def test_messages_of_one_event_stand_together_and_the_newest_event_first():
    def message(number, key):
        return Alert(number, "slack", "2026", "x", "s", "t", {}, key=key)

    kept = events(
        [
            message(1, "a.1"),
            message(2, "b.1"),
            message(3, "a.1"),
            message(4, ""),
        ]
    )
    assert [[m.number for m in event.messages] for event in kept] == [
        [4],
        [1, 3],
        [2],
    ]


def test_a_kind_of_block_that_the_page_does_not_draw_is_named(inbox):
    client, _ = inbox
    block = {"type": "rich_text", "elements": []}
    answer = client.post("/slack/x", json={"text": "a", "blocks": [block]})
    assert answer.text == "ok"
    assert "a block of kind rich_text, see the source" in client.get("/").text
