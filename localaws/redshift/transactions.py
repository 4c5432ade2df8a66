"""Read BEGIN, COMMIT and ROLLBACK.

Source: https://docs.aws.amazon.com/redshift/latest/dg/r_BEGIN.html, r_COMMIT.html and r_ROLLBACK.html
"""

import re
from dataclasses import dataclass

from localaws.redshift.errors import RedshiftError, RedshiftSyntaxError
from localaws.redshift.grammar.tokens import tokenize

_BEGIN = ("begin", "start")
_COMMIT = ("commit", "end")
_ROLLBACK = ("rollback", "abort")
_BLOCK = ("work", "transaction")
_ALONE = (
    (re.compile(r"\s*vacuum\b", re.I), "VACUUM"),
    (
        re.compile(
            r"\s*alter\s+table\s+\S+\s+alter\s+(column\s+)?\S+\s+type\b", re.I
        ),
        "ALTER TABLE ALTER COLUMN",
    ),
)
"""Statements that need a transaction of their own.

Source: https://docs.aws.amazon.com/redshift/latest/dg/r_VACUUM_command.html and r_ALTER_TABLE.html
"""
_LEVELS = frozenset(
    {
        ("serializable",),
        ("read", "committed"),
        ("read", "uncommitted"),
        ("repeatable", "read"),
    }
)
"""Redshift takes each of them and treats it as SERIALIZABLE."""


@dataclass(frozen=True)
class TransactionCommand:
    """One statement that begins or ends a transaction."""

    action: str
    """`begin`, `commit` or `rollback`."""
    is_read_only: bool = False


def read_transaction(sql: str) -> TransactionCommand | None:
    """Return the command in a statement; None for any other statement. Raises RedshiftSyntaxError."""
    first = sql.split(None, 1)[0].lower().rstrip(";") if sql.strip() else ""
    if first not in (*_BEGIN, *_COMMIT, *_ROLLBACK):
        return None
    try:
        words = _words(sql)
    except RedshiftError:
        return None
    if first in _BEGIN:
        return _read_begin(words)
    rest = words[2:] if words[1:2] and words[1] in _BLOCK else words[1:]
    if rest:
        raise RedshiftSyntaxError(rest[0])
    action = "commit" if first in _COMMIT else "rollback"
    return TransactionCommand(action)


def _words(sql: str) -> list[str]:
    words: list[str] = []
    for token in tokenize(sql.strip().rstrip(";")):
        words += token.text.lower().split()
    return words


def _read_begin(words: list[str]) -> TransactionCommand:
    """Read the options of BEGIN and START TRANSACTION."""
    if words[0] == "start" and words[1:2] != ["transaction"]:
        raise RedshiftSyntaxError(words[1] if len(words) > 1 else "start")
    rest = words[2:] if words[1:2] and words[1] in _BLOCK else words[1:]
    is_read_only = False
    while rest:
        if rest[:2] in (["read", "only"], ["read", "write"]):
            is_read_only = rest[1] == "only"
            rest = rest[2:]
        elif rest[:2] == ["isolation", "level"]:
            rest = _after_level(rest[2:])
        elif rest[0] == ",":
            rest = rest[1:]
        else:
            raise RedshiftSyntaxError(rest[0])
    return TransactionCommand("begin", is_read_only)


def _after_level(words: list[str]) -> list[str]:
    for level in _LEVELS:
        if tuple(words[: len(level)]) == level:
            return words[len(level) :]
    raise RedshiftSyntaxError(words[0] if words else "level")


def check_block(sql: str) -> None:
    """Refuse a statement that cannot run in a transaction with others."""
    for pattern, name in _ALONE:
        if pattern.match(sql):
            raise RedshiftError(f"{name} cannot run inside a transaction block")
