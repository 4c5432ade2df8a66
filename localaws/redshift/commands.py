"""Read COPY and UNLOAD of Parquet from Redshift's text; every other option is refused by name."""

import re
from dataclasses import dataclass

from sqlglot import exp

from localaws.redshift.errors import (
    RedshiftError,
    RedshiftSyntaxError,
    UnsupportedFeatureError,
)
from localaws.redshift.grammar.tokens import tokenize

_FLAGS = re.IGNORECASE | re.DOTALL
_COPY = re.compile(
    r"COPY\s+(?P<table>#?[\w.\"]+)\s*(?:\((?P<columns>[^)]*)\)\s*)?FROM\s+'(?P<uri>s3://[^']+)'\s*(?P<options>.*)",
    _FLAGS,
)
_UNLOAD = re.compile(
    r"UNLOAD\s*\(\s*(?:'(?P<quoted>(?:[^'\\]|''|\\.)*)'|\$\$(?P<dollar>.*?)\$\$)\s*\)\s*"
    r"TO\s+'(?P<uri>s3://[^']+)'\s*(?P<options>.*)",
    _FLAGS,
)
_ROLE = r"IAM_ROLE\s+(?:default|'[^']*')|CREDENTIALS\s+(?:AS\s+)?'(?:aws_iam_role|aws_access_key_id)=[^']+'"
"""Source: https://docs.aws.amazon.com/redshift/latest/dg/copy-parameters-authorization.html"""
_REGION = r"REGION\s+(?:AS\s+)?'[a-z0-9-]+'"
"""All buckets are in one place here, so it changes nothing."""
_PARQUET = r"(?:FORMAT\s+(?:AS\s+)?)?PARQUET\b"
_UNLOAD_OPTIONS = (
    r"ENCRYPTED\s+AUTO\b",
    r"ALLOWOVERWRITE\b",
    r"CLEANPATH\b",
    r"PARALLEL\s+(?:OFF|ON|TRUE|FALSE)\b",
)
_OTHER_FORMATS = {
    "COPY": ("AVRO", "CSV", "DELIMITER", "FIXEDWIDTH", "JSON", "ORC", "SHAPEFILE"),
    "UNLOAD": ("CSV", "JSON"),
}  # fmt: skip
_DOCUMENTED_TEXT = {
    "COPY": """
        ACCEPTANYDATE ACCEPTINVCHARS ACCESS_KEY_ID BLANKSASNULL BZIP2 COMPROWS COMPUPDATE CREDENTIALS CSV DATEFORMAT
        DELIMITER EMPTYASNULL ENCODING ENCRYPTED ESCAPE EXPLICIT_IDS FILLRECORD FIXEDWIDTH GZIP IGNOREBLANKLINES
        IGNOREALLERRORS IGNOREHEADER JSON LZOP MANIFEST MASTER_SYMMETRIC_KEY MAXERROR NOLOAD NULL ORC AVRO SHAPEFILE
        QUOTE READRATIO REGION REMOVEQUOTES ROUNDEC SECRET_ACCESS_KEY SERIALIZETOJSON SESSION_TOKEN SSH STATUPDATE
        TIMEFORMAT TRIMBLANKS TRUNCATECOLUMNS ZSTD SIMPLIFY
    """,
    "UNLOAD": """
        ACCESS_KEY_ID ADDQUOTES BZIP2 CREDENTIALS CSV DELIMITER ENCRYPTED ESCAPE EXTENSION FIXEDWIDTH GZIP HEADER JSON
        KMS_KEY_ID MANIFEST MASTER_SYMMETRIC_KEY MAXFILESIZE NULL PARTITION REGION ROWGROUPSIZE SECRET_ACCESS_KEY
        SESSION_TOKEN ZSTD
    """,
}
_DOCUMENTED = {
    command: frozenset(text.split()) for command, text in _DOCUMENTED_TEXT.items()
}  # fmt: skip
"""First words of the options. Source: https://docs.aws.amazon.com/redshift/latest/dg/r_COPY.html and r_UNLOAD.html"""
_WITH_PARQUET_TEXT = {
    "COPY": """
        ACCEPTINVCHARS CREDENTIALS ACCESS_KEY_ID SECRET_ACCESS_KEY SESSION_TOKEN EXPLICIT_IDS FILLRECORD MANIFEST
        REGION SERIALIZETOJSON STATUPDATE NOLOAD
    """,
    "UNLOAD": """
        ACCESS_KEY_ID CREDENTIALS ENCRYPTED EXTENSION KMS_KEY_ID MANIFEST MAXFILESIZE PARTITION REGION ROWGROUPSIZE
        SECRET_ACCESS_KEY SESSION_TOKEN
    """,
}
_WITH_PARQUET = {
    command: frozenset(text.split()) for command, text in _WITH_PARQUET_TEXT.items()
}  # fmt: skip
"""Options that may stand beside PARQUET.

Source: https://docs.aws.amazon.com/redshift/latest/dg/copy-usage_notes-copy-from-columnar.html and r_UNLOAD.html
"""


@dataclass(frozen=True)
class CopyCommand:
    """Load every Parquet object under a prefix into a table, by position."""

    table: str
    columns: tuple[str, ...]
    uri: str

    @property
    def relation(self) -> exp.Table:
        """The table as SQL names it; a temporary one's `#` needs quotes."""
        schema, _, name = self.table.rpartition(".")
        return exp.table_(name, db=schema or None, quoted=True)


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
    word = tokenize(sql)[0].text.upper()
    if word == "COPY":
        return _read_copy(_without_comments(sql))
    if word == "UNLOAD":
        return _read_unload(_without_comments(sql))
    return None


def _without_comments(sql: str) -> str:
    """Return a statement's text with a blank in place of each comment."""
    text = ""
    end = 0
    for token in tokenize(sql):
        gap = sql[end : token.start]
        text += gap if not gap.strip() else " "
        text += sql[token.start : token.end + 1]
        end = token.end + 1
    return text


def _read_copy(sql: str) -> CopyCommand:
    match = _COPY.fullmatch(sql.strip())
    if not match:
        raise _wrong_copy(sql)
    _read_options("COPY", match["options"], ())
    table = match["table"].replace('"', "").lower()
    names = (match["columns"] or "").split(",")
    columns = tuple(
        name.strip().strip('"').lower() for name in names if name.strip()
    )
    return CopyCommand(table, columns, match["uri"])


def _wrong_copy(sql: str) -> RedshiftError:
    """Return the error for a COPY that is not `COPY table (columns) FROM 's3://…'`.

    Source: https://docs.aws.amazon.com/redshift/latest/dg/copy-parameters-data-source.html
    """
    tokens = tokenize(sql)
    words = [token.text.upper() for token in tokens]
    if len(words) > 1 and words[1] in ("(", "INTO"):
        return RedshiftSyntaxError(tokens[1].text)
    if "FROM" not in words:
        word = "TO" if "TO" in words else "end of input"
        return RedshiftSyntaxError(word, "COPY loads a table: COPY … FROM")
    place = words.index("FROM") + 1
    if place == len(words):
        return RedshiftSyntaxError("end of input")
    source = tokens[place].text
    if source.lower().startswith(("emr://", "dynamodb://")):
        return UnsupportedFeatureError("COPY from anything but 's3://…'")
    return RedshiftSyntaxError(
        source, "COPY takes 's3://…', 'emr://…' or 'dynamodb://…'"
    )


def _read_unload(sql: str) -> UnloadCommand:
    match = _UNLOAD.fullmatch(sql.strip())
    if not match:
        words = tokenize(sql)
        place = min(2, len(words) - 1)
        raise RedshiftSyntaxError(
            words[place].text,
            "UNLOAD ('query') TO 's3://…' IAM_ROLE … FORMAT AS PARQUET; UNLOAD writes to S3 only",
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
    _, text = _take(_REGION, text)
    parquet, text = _take(_PARQUET, text)
    options = set()
    for pattern in patterns:
        option, text = _take(pattern, text)
        options.add(" ".join(option.upper().split()))
    if text.strip():
        raise _wrong_option(command, text, bool(parquet))
    if not role:
        raise RedshiftError(
            f"{command} needs IAM_ROLE default or IAM_ROLE 'arn'"
        )
    if not parquet:
        raise UnsupportedFeatureError(f"{command} without FORMAT AS PARQUET")
    return options


def _wrong_option(command: str, text: str, is_parquet: bool) -> RedshiftError:
    """Return the error for options that local AWS does not take: Redshift's own where it refuses them too."""
    words = [token.text.upper() for token in tokenize(text)]
    first = words[0].split()[0]
    if first == "FORMAT":
        kind = next((word for word in words[1:] if word != "AS"), "")
        if kind not in _OTHER_FORMATS[command]:
            return RedshiftSyntaxError(kind or "end of input")
        first = kind
    elif first not in _DOCUMENTED[command]:
        return RedshiftSyntaxError(first)
    if is_parquet and first not in _WITH_PARQUET[command]:
        return RedshiftError(
            f"{first} argument is not supported for PARQUET based {command}"
        )
    return UnsupportedFeatureError(f"{command} … {' '.join(text.split())}")


def _take(pattern: str, text: str) -> tuple[str, str]:
    """Return what a pattern matches, and the text without it."""
    match = re.search(rf"(?<!\w)(?:{pattern})", text, _FLAGS)
    if not match:
        return "", text
    return match[0], text[: match.start()] + text[match.end() :]
