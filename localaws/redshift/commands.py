"""COPY and UNLOAD of Parquet, read from Redshift's text into what to do; every other option is refused by name."""

import re
from dataclasses import dataclass

from localaws.redshift.errors import RedshiftError, UnsupportedFeatureError

_FLAGS = re.IGNORECASE | re.DOTALL
_COPY = re.compile(
    r"COPY\s+(?P<table>[\w.\"]+)\s*(?:\((?P<columns>[^)]*)\)\s*)?FROM\s+'(?P<uri>s3://[^']+)'\s*(?P<options>.*)", _FLAGS
)
_UNLOAD = re.compile(
    r"UNLOAD\s*\(\s*(?:'(?P<quoted>(?:[^']|'')*)'|\$\$(?P<dollar>.*?)\$\$)\s*\)\s*"
    r"TO\s+'(?P<uri>s3://[^']+)'\s*(?P<options>.*)",
    _FLAGS,
)
_ROLE = r"IAM_ROLE\s+(?:default|'[^']*')"
_PARQUET = r"(?:FORMAT\s+(?:AS\s+)?)?PARQUET\b"
_UNLOAD_OPTIONS = (r"ALLOWOVERWRITE\b", r"CLEANPATH\b", r"PARALLEL\s+(?:OFF|ON|TRUE|FALSE)\b")


@dataclass(frozen=True)
class CopyCommand:
    """Load every Parquet object under a prefix into a table, by position."""

    table: str
    columns: tuple[str, ...]
    uri: str


@dataclass(frozen=True)
class UnloadCommand:
    """Write a query's rows as Parquet under a prefix."""

    query: str
    uri: str
    overwrite: bool
    clean: bool
    parallel: bool


def read_command(sql: str) -> CopyCommand | UnloadCommand | None:
    """The COPY or UNLOAD in a statement's text, None for any other statement."""
    word = sql.split(None, 1)[0].upper()
    if word == "COPY":
        return _read_copy(sql)
    return _read_unload(sql) if word.startswith("UNLOAD") else None


def _read_copy(sql: str) -> CopyCommand:
    match = _COPY.fullmatch(sql.strip())
    if not match:
        raise UnsupportedFeatureError("COPY from anything but 's3://…'")
    _options("COPY", match["options"], ())
    columns = tuple(name.strip().strip('"').lower() for name in (match["columns"] or "").split(",") if name.strip())
    return CopyCommand(match["table"].replace('"', "").lower(), columns, match["uri"])


def _read_unload(sql: str) -> UnloadCommand:
    match = _UNLOAD.fullmatch(sql.strip())
    if not match:
        raise RedshiftError("syntax error in UNLOAD: UNLOAD ('query') TO 's3://…' IAM_ROLE … FORMAT AS PARQUET")
    given = _options("UNLOAD", match["options"], _UNLOAD_OPTIONS)
    if {"ALLOWOVERWRITE", "CLEANPATH"} <= given:
        raise RedshiftError("ALLOWOVERWRITE and CLEANPATH cannot be given together")
    query = match["dollar"] if match["quoted"] is None else match["quoted"].replace("''", "'")
    parallel = not given & {"PARALLEL OFF", "PARALLEL FALSE"}
    return UnloadCommand(query, match["uri"], "ALLOWOVERWRITE" in given, "CLEANPATH" in given, parallel)


def _options(command: str, text: str, patterns: tuple[str, ...]) -> set[str]:
    """The options given, normalised; raises for a missing role or format and for any option not known."""
    role, text = _take(_ROLE, text)
    parquet, text = _take(_PARQUET, text)
    given = set()
    for pattern in patterns:
        option, text = _take(pattern, text)
        given.add(" ".join(option.upper().split()))
    if text.strip():
        raise UnsupportedFeatureError(f"{command} … {' '.join(text.split())}")
    if not role:
        raise RedshiftError(f"{command} needs IAM_ROLE default or IAM_ROLE 'arn'")
    if not parquet:
        raise UnsupportedFeatureError(f"{command} without FORMAT AS PARQUET")
    return given


def _take(pattern: str, text: str) -> tuple[str, str]:
    match = re.search(rf"(?<!\w){pattern}", text, _FLAGS)
    return (match[0], text[: match.start()] + text[match.end() :]) if match else ("", text)
