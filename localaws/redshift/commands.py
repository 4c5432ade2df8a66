"""Read COPY and UNLOAD of Parquet from Redshift's text; every other option is refused by name."""

import re
from dataclasses import dataclass

from localaws.redshift.errors import RedshiftError, UnsupportedFeatureError

_FLAGS = re.IGNORECASE | re.DOTALL
_COPY = re.compile(
    r"COPY\s+(?P<table>[\w.\"]+)\s*(?:\((?P<columns>[^)]*)\)\s*)?FROM\s+'(?P<uri>s3://[^']+)'\s*(?P<options>.*)",
    _FLAGS,
)
_UNLOAD = re.compile(
    r"UNLOAD\s*\(\s*(?:'(?P<quoted>(?:[^'\\]|''|\\.)*)'|\$\$(?P<dollar>.*?)\$\$)\s*\)\s*"
    r"TO\s+'(?P<uri>s3://[^']+)'\s*(?P<options>.*)",
    _FLAGS,
)
_ROLE = r"IAM_ROLE\s+(?:default|'[^']*')"
_PARQUET = r"(?:FORMAT\s+(?:AS\s+)?)?PARQUET\b"
_UNLOAD_OPTIONS = (
    r"ENCRYPTED\s+AUTO\b",
    r"ALLOWOVERWRITE\b",
    r"CLEANPATH\b",
    r"PARALLEL\s+(?:OFF|ON|TRUE|FALSE)\b",
)


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
    """Return the COPY or UNLOAD in a statement's text, None for any other statement."""
    word = sql.split(None, 1)[0].upper()
    if word == "COPY":
        return _read_copy(sql)
    if word.startswith("UNLOAD"):
        return _read_unload(sql)
    return None


def _read_copy(sql: str) -> CopyCommand:
    match = _COPY.fullmatch(sql.strip())
    if not match:
        raise UnsupportedFeatureError("COPY from anything but 's3://…'")
    _read_options("COPY", match["options"], ())
    table = match["table"].replace('"', "").lower()
    names = (match["columns"] or "").split(",")
    columns = tuple(
        name.strip().strip('"').lower() for name in names if name.strip()
    )
    return CopyCommand(table, columns, match["uri"])


def _read_unload(sql: str) -> UnloadCommand:
    match = _UNLOAD.fullmatch(sql.strip())
    if not match:
        raise RedshiftError(
            "syntax error in UNLOAD: UNLOAD ('query') TO 's3://…' IAM_ROLE … FORMAT AS PARQUET"
        )
    options = _read_options("UNLOAD", match["options"], _UNLOAD_OPTIONS)
    if {"ALLOWOVERWRITE", "CLEANPATH"} <= options:
        raise RedshiftError(
            "ALLOWOVERWRITE and CLEANPATH cannot be given together"
        )
    query = match["dollar"]
    if match["quoted"] is not None:
        query = match["quoted"].replace("''", "'").replace("\\'", "'")
    return UnloadCommand(
        query=query,
        uri=match["uri"],
        overwrite="ALLOWOVERWRITE" in options,
        clean="CLEANPATH" in options,
        parallel=not options & {"PARALLEL OFF", "PARALLEL FALSE"},
    )


def _read_options(
    command: str, text: str, patterns: tuple[str, ...]
) -> set[str]:
    """Return the options of a command in capitals; a missing role or format and any unknown option are errors."""
    role, text = _take(_ROLE, text)
    parquet, text = _take(_PARQUET, text)
    options = set()
    for pattern in patterns:
        option, text = _take(pattern, text)
        options.add(" ".join(option.upper().split()))
    if text.strip():
        raise UnsupportedFeatureError(f"{command} … {' '.join(text.split())}")
    if not role:
        raise RedshiftError(
            f"{command} needs IAM_ROLE default or IAM_ROLE 'arn'"
        )
    if not parquet:
        raise UnsupportedFeatureError(f"{command} without FORMAT AS PARQUET")
    return options


def _take(pattern: str, text: str) -> tuple[str, str]:
    """Return what a pattern matches, and the text without it."""
    match = re.search(rf"(?<!\w){pattern}", text, _FLAGS)
    if not match:
        return "", text
    return match[0], text[: match.start()] + text[match.end() :]
