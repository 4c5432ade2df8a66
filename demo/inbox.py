"""Keep alerts that would be sent: a Slack-compatible webhook, an SMTP server, and one page that shows them.

`python -m demo.inbox` listens on LEADS_INBOX_PORT (8025) and LEADS_SMTP_PORT (1025) of LEADS_INBOX_HOST.
"""

import logging
import os
from collections import deque
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from threading import Lock
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from flask import Flask, Response, jsonify, render_template_string, request

from demo.ports import Ports

log = logging.getLogger(__name__)
NEWEST = 1000
PAGE = """<!doctype html><meta charset="utf-8"><title>Alert inbox</title>
<style>body{font:15px/1.5 system-ui;max-width:60rem;margin:2rem auto;padding:0 1rem}pre{white-space:pre-wrap}
article{border-top:1px solid #ccc;padding:.5rem 0}small{color:#666}</style>
<h1>Alert inbox</h1><p>{{ alerts|length }} alerts that would have been sent, newest first.
<a href="/api/alerts">as JSON</a></p>
{% for alert in alerts|reverse %}<article><small>{{ alert.channel }} · {{ alert.received_at }} · {{ alert.to }}</small>
<h3>{{ alert.subject }}</h3><pre>{{ alert.text }}</pre></article>{% else %}<p>Nothing yet.</p>{% endfor %}"""


@dataclass(frozen=True)
class Alert:
    """One message: `channel` is slack or email, `to` the webhook or the recipients, `body` the message as it came."""

    channel: str
    received_at: str
    to: str
    subject: str
    text: str
    body: Any


class Inbox:
    """The newest alerts, safe to use from several threads."""

    def __init__(self) -> None:
        self._alerts: deque[Alert] = deque(maxlen=NEWEST)
        self._lock = Lock()

    def add(
        self, channel: str, to: str, subject: str, text: str, body: Any
    ) -> None:
        """Keep one message, stamped with the time of its arrival (UTC)."""
        alert = Alert(
            channel=channel,
            received_at=datetime.now(UTC).isoformat(),
            to=to,
            subject=subject,
            text=text,
            body=body,
        )
        with self._lock:
            self._alerts.append(alert)
        log.info("%s to %s: %s", channel, to, subject)

    def alerts(self) -> list[Alert]:
        """Return every kept message, oldest first."""
        with self._lock:
            return list(self._alerts)


def create_inbox_app(inbox: Inbox) -> Flask:
    """Make the HTTP side: webhook, page and JSON."""
    app = Flask(__name__)

    @app.post("/slack/<path:hook>")
    def slack(hook: str) -> tuple[str, int]:
        payload = request.get_json(silent=True, force=True)
        if not isinstance(payload, dict):
            return "invalid_payload", 400
        text = slack_text(payload)
        if not text:
            return "no_text", 400
        inbox.add("slack", hook, text.splitlines()[0], text, payload)
        return "ok", 200

    @app.get("/api/alerts")
    def alerts() -> Response:
        return jsonify([asdict(alert) for alert in inbox.alerts()])

    @app.get("/")
    def page() -> str:
        return render_template_string(PAGE, alerts=inbox.alerts())

    @app.get("/healthz")
    def healthz() -> str:
        return "ok"

    return app


def slack_text(payload: dict[str, Any]) -> str:
    """Return what a reader sees of a Slack message: its text, then the texts of its blocks and attachments."""
    texts = [
        payload.get("text"),
        *_texts(payload.get("blocks")),
        *_texts(payload.get("attachments")),
    ]
    lines = [text.strip() for text in texts if isinstance(text, str)]
    distinct = dict.fromkeys(line for line in lines if line)
    return "\n".join(distinct)


def _texts(content: object) -> list[str]:
    """Collect the texts of a block and of the blocks in it, outer ones first."""
    texts: list[str] = []
    if isinstance(content, dict):
        if isinstance(content.get("text"), str):
            texts.append(content["text"])
        content = [
            value
            for value in content.values()
            if isinstance(value, (dict, list))
        ]
    if isinstance(content, list):
        for item in content:
            texts += _texts(item)
    return texts


class MailHandler:
    """Take every message for aiosmtpd, deliver none."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Keep one mail (the method's name is aiosmtpd's); HTML is kept where there is no text."""
        mail = message_from_bytes(
            bytes(envelope.content or b""),
            _class=EmailMessage,
            policy=policy.default,
        )
        part = mail.get_body(preferencelist=("plain", "html"))
        text = str(part.get_content()) if part else ""
        subject = str(mail.get("Subject", "(no subject)"))
        self._inbox.add(
            "email",
            ", ".join(envelope.rcpt_tos),
            subject,
            text,
            mail.as_string(),
        )
        return "250 Message accepted"


def serve(ports: Ports) -> None:
    """Listen on both ports until the process is told to stop."""
    from waitress import serve as serve_http

    inbox = Inbox()
    host = os.environ.get("LEADS_INBOX_HOST", "127.0.0.1")
    mail = Controller(MailHandler(inbox), hostname=host, port=ports.smtp_port)
    mail.start()
    try:
        serve_http(
            create_inbox_app(inbox), host=host, port=ports.inbox_port, threads=4
        )
    finally:
        mail.stop()


if __name__ == "__main__":
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(name)s %(message)s"
    )
    serve(Ports())
