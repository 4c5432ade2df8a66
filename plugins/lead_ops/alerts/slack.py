"""Render an alert as a Slack message: Block Kit, and a line of text for notifications and screen readers.

Every text that may hold something of a lead is `plain_text`, in which Slack reads no markup. Only the line of links is
`mrkdwn`; the names of links are the project's own.
"""

import html
from typing import Any

from lead_ops.alerts.alert import Alert, Link

HEADER_LENGTH = 150
TEXT_LENGTH = 3000
"""Slack's limits of a header and of a text, in letters."""
DONE = "What the system did"
ADVICE = "What you may want to do"
DETAILS = "Details"
NOT_IN_ADDRESS = {"|": "%7C", "<": "%3C", ">": "%3E"}

Block = dict[str, Any]


def as_slack(alert: Alert) -> dict[str, Any]:
    """Return the arguments of a webhook's `send`: `text` and `blocks`."""
    message = alert.message
    blocks = [
        _header(alert),
        _plain(message.sentence),
        _label(DONE),
        _plain(message.response),
        _label(ADVICE),
        _plain(message.advice),
    ]
    if alert.links:
        blocks.append(_links(alert.links))
    if message.facts:
        lines = [f"{name}: {text}" for name, text in message.facts]
        blocks += [_label(DETAILS), _plain("\n".join(lines))]
    blocks += [{"type": "divider"}, _small(alert)]
    return {
        "text": escaped(f"{alert.title}\n{message.sentence}"),
        "blocks": blocks,
    }


def escaped(text: str, longest: int = TEXT_LENGTH) -> str:
    """Replace Slack's three control characters by entities, and cut the text to the length that Slack takes."""
    entities = html.escape(text, quote=False)
    if len(entities) <= longest:
        return entities
    beginning = ""
    for letter in text:
        entity = html.escape(letter, quote=False)
        if len(beginning) + len(entity) >= longest:
            break
        beginning += entity
    return beginning + "…"


def _header(alert: Alert) -> Block:
    return {
        "type": "header",
        # Found again in the mail of the same event.
        "block_id": alert.key,
        "text": _text(alert.title, HEADER_LENGTH),
    }


def _plain(text: str) -> Block:
    return {"type": "section", "text": _text(text)}


def _label(text: str) -> Block:
    return {"type": "context", "elements": [_mrkdwn(f"*{text}*")]}


def _links(links: tuple[Link, ...]) -> Block:
    """Return the links on one line; those that do not fit are left out."""
    line = ""
    for link in links:
        part = f"<{_address(link.address)}|{escaped(link.name)}>"
        separator = " · " if line else ""
        if len(line) + len(separator) + len(part) > TEXT_LENGTH:
            break
        line += separator + part
    return {"type": "section", "text": _mrkdwn(line or " ")}


def _address(address: str) -> str:
    for letter, code in NOT_IN_ADDRESS.items():
        address = address.replace(letter, code)
    return html.escape(address, quote=False)


def _small(alert: Alert) -> Block:
    parts = [f"{name} {text}" for name, text in alert.origin.facts]
    return {"type": "context", "elements": [_text(" · ".join(parts))]}


def _text(text: str, longest: int = TEXT_LENGTH) -> Block:
    return {
        "type": "plain_text",
        "text": escaped(text, longest) or "–",
        "emoji": False,
    }


def _mrkdwn(text: str) -> Block:
    return {"type": "mrkdwn", "text": text, "verbatim": True}
