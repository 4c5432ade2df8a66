"""Show a Slack message as Slack does: what its blocks hold as text, and its mrkdwn as HTML."""

import html
import re
from collections.abc import Mapping
from typing import Any

from markupsafe import Markup, escape

IN_BRACKETS = re.compile(
    r"<((?:https?://|mailto:|[!@#])[^<>|]*)(?:\|([^<>]*))?>", re.IGNORECASE
)
"""A link or a mention; anything else in angle brackets is text."""
BARE_ADDRESS = re.compile(r"https?://[^\s<>|]+")
WEB_ADDRESS = re.compile(r"(?:https?://|mailto:)", re.IGNORECASE)
SAVED = re.compile("\x00(\\d+)\x00")
STYLES = {"*": "b", "_": "i", "~": "s", "`": "code"}
"""Mark of mrkdwn to the element that shows it."""


def slack_text(payload: Mapping[str, Any]) -> str:
    """Return what a reader sees of a Slack message, as lines: its text, then the texts of blocks and attachments."""
    texts = [
        payload.get("text"),
        *_texts(payload.get("blocks")),
        *_texts(payload.get("attachments")),
    ]
    lines = []
    for text in texts:
        if isinstance(text, str):
            lines += _as_text(text).splitlines()
    stripped = [line.strip() for line in lines]
    return "\n".join(dict.fromkeys(line for line in stripped if line))


def slack_subject(payload: Mapping[str, Any]) -> str:
    """Return the header of a message, or its first line where it has none."""
    for block in _blocks(payload):
        if block.get("type") == "header":
            return _as_text(str(block["text"]["text"]))
    return next(iter(slack_text(payload).splitlines()), "")


def slack_key(payload: Mapping[str, Any]) -> str:
    """Return the id of the header, which the mail of the same event has too; "" where there is none."""
    for block in _blocks(payload):
        if block.get("type") == "header":
            return str(block.get("block_id", ""))
    return ""


def _blocks(payload: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    blocks = payload.get("blocks")
    return blocks if isinstance(blocks, list) else []


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


def _as_text(text: str) -> str:
    """Return a text of Slack's without its markup: a link as `name (address)`."""
    return html.unescape(IN_BRACKETS.sub(_link_as_text, text))


def _link_as_text(match: re.Match[str]) -> str:
    target, name = match.groups()
    if name and WEB_ADDRESS.match(target):
        return f"{name} ({target})"
    return name or target


def plain_text(text: str) -> Markup:
    """Return a text in which Slack reads no markup, as HTML."""
    return _with_breaks(escape(html.unescape(text)))


def mrkdwn(text: str, verbatim: bool = False) -> Markup:
    """Return a mrkdwn text as HTML: links, mentions, bold, italic, struck out and code.

    Args:
        text: with `&`, `<` and `>` as entities where they mean themselves.
        verbatim: whether bare addresses stay text.
    """
    saved: list[Markup] = []

    def save(markup: Markup) -> str:
        saved.append(markup)
        return f"\x00{len(saved) - 1}\x00"

    text = text.replace("\x00", "")
    text = IN_BRACKETS.sub(lambda match: save(_bracket(match)), text)
    if not verbatim:
        text = BARE_ADDRESS.sub(
            lambda match: save(_link(match[0], match[0])), text
        )
    markup = str(escape(html.unescape(text)))
    for mark, element in STYLES.items():
        markup = _styled(markup, mark, element)
    markup = SAVED.sub(lambda match: str(saved[int(match[1])]), markup)
    return _with_breaks(Markup(markup))  # noqa: S704 - escaped above, piece by piece


def _styled(markup: str, mark: str, element: str) -> str:
    """Return the HTML with what stands between two marks in an element of its own."""
    sign = re.escape(mark)
    between = rf"(?<![\w{sign}]){sign}(\S|\S[^{sign}\n]*\S){sign}(?![\w{sign}])"
    return re.sub(between, rf"<{element}>\1</{element}>", markup)


def _bracket(match: re.Match[str]) -> Markup:
    """Return what stands in angle brackets: a link, or a mention."""
    target, name = match.groups()
    if WEB_ADDRESS.match(target):
        return _link(target, name or target)
    return Markup("<mark>{}</mark>").format(
        html.unescape(name or f"@{target.lstrip('!@#')}")
    )


def _link(address: str, name: str) -> Markup:
    return Markup(
        '<a href="{}" rel="noreferrer" target="_blank">{}</a>'
    ).format(html.unescape(address), html.unescape(name))


def _with_breaks(text: Markup) -> Markup:
    return Markup("<br>").join(text.split("\n"))
