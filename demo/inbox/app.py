"""The inbox over HTTP: Slack's webhook, the page with every event, the source of a message, and all as JSON."""

import json
import logging
from dataclasses import asdict
from typing import Any

from flask import Flask, Response, abort, jsonify, render_template, request

from demo.inbox.block_kit import block_problems
from demo.inbox.messages import Inbox, events
from demo.inbox.slack import (
    mrkdwn,
    plain_text,
    slack_key,
    slack_subject,
    slack_text,
)

log = logging.getLogger(__name__)
EVENTS_SHOWN = 50
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "frame-src 'self'; base-uri 'none'; form-action 'none'"
)
"""Nothing runs and nothing is fetched, on the page and in the mails that it shows."""
IN_A_FRAME = (
    '<meta http-equiv="Content-Security-Policy" '
    "content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">"
    '<base target="_blank">'
)
"""Goes before a mail's HTML: its links open in a tab of their own."""


def create_inbox_app(inbox: Inbox) -> Flask:
    """Make the HTTP side."""
    app = Flask(__name__)
    app.jinja_env.filters.update(mrkdwn=mrkdwn, plain_text=plain_text)

    @app.post("/slack/<path:hook>")
    def slack(hook: str) -> tuple[str, int]:
        return receive(inbox, hook)

    @app.get("/api/alerts")
    def alerts() -> Response:
        return jsonify(
            [asdict(alert) | {"event": alert.event} for alert in inbox.alerts()]
        )

    @app.get("/")
    def page() -> str:
        all_events = events(inbox.alerts())
        page_events = all_events[:EVENTS_SHOWN]
        if "all" in request.args:
            page_events = all_events
        return render_template(
            "inbox.html",
            events=page_events,
            total=len(all_events),
            frame=IN_A_FRAME,
        )

    @app.get("/messages/<int:number>/source")
    def source(number: int) -> Response:
        alert = inbox.find(number)
        if alert is None:
            abort(404)
        return Response(_source(alert.body), mimetype="text/plain")

    @app.get("/healthz")
    def healthz() -> str:
        return "ok"

    @app.after_request
    def protect(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = POLICY
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response

    return app


def receive(inbox: Inbox, hook: str) -> tuple[str, int]:
    """Keep a message, or refuse it as Slack's webhook does: `invalid_payload`, `invalid_blocks` or `no_text`."""
    payload = request.get_json(silent=True, force=True)
    if not isinstance(payload, dict):
        return "invalid_payload", 400
    problems = block_problems(payload["blocks"]) if "blocks" in payload else []
    if problems:
        log.warning("invalid_blocks: %s", "; ".join(problems))
        return "invalid_blocks", 400
    text = slack_text(payload)
    if not text:
        return "no_text", 400
    inbox.add(
        "slack",
        hook,
        slack_subject(payload),
        text,
        payload,
        key=slack_key(payload),
    )
    return "ok", 200


def _source(body: Any) -> str:
    if isinstance(body, str):
        return body
    return json.dumps(body, indent=2, ensure_ascii=False)
