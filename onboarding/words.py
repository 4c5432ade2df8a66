"""Read the words by which a draft recognises what a column is for (`words.yaml`)."""

import re
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

FILE = Path(__file__).with_name("words.yaml")


@lru_cache(maxsize=1)
def _content() -> dict[str, Any]:
    content: dict[str, Any] = yaml.load(
        FILE.read_text(encoding="utf-8"),
        Loader=yaml.BaseLoader,  # noqa: S506 - every value stays a text, yes and no too
    )
    return content


@lru_cache(maxsize=64)
def words_for(kind: str) -> frozenset[str]:
    """Return the words of a kind, such as `outcome`, in lower case."""
    return frozenset(str(word).casefold() for word in _content()[kind])


def lists_for(kind: str) -> list[list[str]]:
    """Return the lists of a kind, `pairs` or `scales`, in lower case."""
    return [
        [str(word).casefold() for word in words] for words in _content()[kind]
    ]


def header_words(header: str) -> list[str]:
    """Return the words of a header: `closedAt_date` has closed, at and date."""
    spaced = re.sub(r"(?<=[a-zäöüß0-9])(?=[A-ZÄÖÜ])", " ", header)
    return [word.casefold() for word in re.findall(r"[^\W_]+", spaced)]


def header_has(header: str, kind: str) -> bool:
    """Return whether one of the header's words, or all of it, is a word of a kind."""
    words = {*header_words(header), header.casefold().strip()}
    kinds = words_for(kind)
    endings = tuple(word for word in kinds if len(word) > 4)
    return bool(words & kinds) or any(
        word.endswith(endings) for word in words if endings and kind == "key"
    )
