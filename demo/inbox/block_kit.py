"""Check a message against Block Kit's documented limits: Slack refuses a message that breaks one as `invalid_blocks`.

Source: https://docs.slack.dev/reference/block-kit/blocks, as of 2026.
"""

from collections.abc import Iterator, Mapping
from typing import Any

MOST_BLOCKS = 50
LONGEST_ID = 255
LONGEST_TEXT = 3000
LONGEST_HEADER = 150
LONGEST_FIELD = 2000
LONGEST_ADDRESS = 3000
MOST_FIELDS = 10
MOST_ELEMENTS = 10
COMMON = {"type", "block_id"}
KEYS = {
    "header": {"text", "level"},
    "section": {"text", "fields", "accessory", "expand"},
    "context": {"elements"},
    "divider": set(),
    "image": {"image_url", "alt_text", "title", "slack_file"},
}
"""Kind of block to the keys that it may have besides `type` and `block_id`."""
UNCHECKED = {
    "actions",
    "file",
    "input",
    "markdown",
    "rich_text",
    "table",
    "video",
}
"""Kinds that Slack takes too; the project sends none of them, so of these only the id is looked at."""


def block_problems(blocks: object) -> list[str]:
    """Return everything for which Slack would refuse the blocks of a message, each with its place."""
    if not isinstance(blocks, list):
        return ["blocks: is no list"]
    problems = []
    if not 1 <= len(blocks) <= MOST_BLOCKS:
        problems.append(
            f"blocks: {len(blocks)}, a message has 1 to {MOST_BLOCKS}"
        )
    seen: set[str] = set()
    for number, block in enumerate(blocks):
        place = f"blocks[{number}]"
        problems += [f"{place}: {text}" for text in _block(block, seen)]
    return problems


def _block(block: object, seen: set[str]) -> Iterator[str]:
    """Yield what is wrong with one block; `seen` collects the ids of the message."""
    kind = block.get("type") if isinstance(block, Mapping) else None
    if not isinstance(block, Mapping) or kind not in KEYS.keys() | UNCHECKED:
        yield f"is none of {', '.join(sorted(KEYS.keys() | UNCHECKED))}"
        return
    yield from _block_id(block, seen)
    if kind in UNCHECKED:
        return
    unknown = set(block) - KEYS[kind] - COMMON
    if unknown:
        yield f"{kind} has no {', '.join(sorted(map(str, unknown)))}"
    if kind == "header":
        yield from _text(
            block.get("text"), LONGEST_HEADER, kinds=("plain_text",)
        )
    elif kind == "section":
        yield from _section(block)
    elif kind == "context":
        yield from _context(block)
    elif kind == "image":
        yield from _image(block)


def _block_id(block: Mapping[str, Any], seen: set[str]) -> Iterator[str]:
    if "block_id" not in block:
        return
    name = block["block_id"]
    if not isinstance(name, str) or not 1 <= len(name) <= LONGEST_ID:
        yield f"block_id is no text of 1 to {LONGEST_ID} letters"
    elif name in seen:
        yield f"block_id {name} is there twice"
    else:
        seen.add(name)


def _section(block: Mapping[str, Any]) -> Iterator[str]:
    if "text" not in block and "fields" not in block:
        yield "section needs text or fields"
    if "text" in block:
        yield from _text(block["text"], LONGEST_TEXT)
    if "fields" in block:
        fields = block["fields"]
        if not isinstance(fields, list) or not 1 <= len(fields) <= MOST_FIELDS:
            yield f"fields is no list of 1 to {MOST_FIELDS} texts"
            return
        for field in fields:
            yield from _text(field, LONGEST_FIELD)


def _context(block: Mapping[str, Any]) -> Iterator[str]:
    elements = block.get("elements")
    if (
        not isinstance(elements, list)
        or not 1 <= len(elements) <= MOST_ELEMENTS
    ):
        yield f"elements is no list of 1 to {MOST_ELEMENTS}"
        return
    for element in elements:
        if isinstance(element, Mapping) and element.get("type") == "image":
            yield from _image(element)
        else:
            yield from _text(element, LONGEST_TEXT)


def _image(block: Mapping[str, Any]) -> Iterator[str]:
    for name, longest in (
        ("image_url", LONGEST_ADDRESS),
        ("alt_text", LONGEST_FIELD),
    ):
        value = block.get(name)
        if not isinstance(value, str) or not 1 <= len(value) <= longest:
            yield f"{name} is no text of 1 to {longest} letters"


def _text(
    content: object,
    longest: int,
    kinds: tuple[str, ...] = ("plain_text", "mrkdwn"),
) -> Iterator[str]:
    """Yield what is wrong with a text object."""
    if not isinstance(content, Mapping) or content.get("type") not in kinds:
        yield f"text is no {' or '.join(kinds)}"
        return
    value = content.get("text")
    if not isinstance(value, str) or not 1 <= len(value) <= longest:
        yield f"text is not of 1 to {longest} letters"
    option = {"plain_text": "emoji", "mrkdwn": "verbatim"}[content["type"]]
    unknown = set(content) - {"type", "text", option}
    if unknown:
        yield f"{content['type']} has no {', '.join(sorted(map(str, unknown)))}"
