"""Show the errors of the Redshift engine, with the texts that a client of the Data API sees."""

import re

import duckdb

from localaws.errors import LocalAwsError

_ABSENT = re.compile(
    r"Catalog Error: \w+ Function with name \"?(?P<name>\w+)\"? does not exist"
)
_TOO_LONG = re.compile(
    r"CHECK constraint failed .*?strlen\(\"?(?P<column>[^\")]+)\"?\) <= (?P<size>\d+)",
    re.DOTALL,
)

_PREFIX = re.compile(r"^[A-Z]\w+( \w+)? Error: ")
"""What the engine puts before its own words."""
_CONVERSION = re.compile(
    r"Could not convert string '(?P<value>[^']*)' to (?P<kind>\w+)"
)
_OPERATOR = re.compile(
    r"(?:argument types |function call )['\"](?P<sign>[-+*/%<>=|]+)\((?P<left>\w+), (?P<right>\w+)\)['\"]"
)
_NAMES = {
    "INT8": "smallint",
    "INT16": "smallint",
    "INT32": "integer",
    "INT64": "bigint",
    "INTEGER_LITERAL": "integer",
    "STRING_LITERAL": "character varying",
    "VARCHAR": "character varying",
    "DOUBLE": "double precision",
    "BOOL": "boolean",
    "TIMESTAMP": "timestamp without time zone",
    "DECIMAL": "numeric",
}
"""Names of types in the engine's messages, and Redshift's."""

_CLAUSES = r"(?P<clause>WHERE|HAVING|GROUP BY|JOIN|UPDATE|QUALIFY)"
_WORDS = (
    (
        re.compile(_CLAUSES + r" clause cannot contain window functions"),
        "window functions are not allowed in the {clause} clause",
    ),
    (
        re.compile(_CLAUSES + r" clause cannot contain aggregates"),
        "aggregates not allowed in {clause} clause",
    ),
    (
        re.compile(r"window functions are not allowed in UPDATE"),
        "cannot use window function in UPDATE",
    ),
    (
        re.compile(r"aggregate functions are not allowed in UPDATE"),
        "cannot use aggregate function in UPDATE",
    ),
    (
        re.compile(r"aggregate function calls cannot"),
        "aggregate function calls may not have nested aggregate or window function",
    ),
    (
        re.compile(r'Could not rename "[^"]+" to "(?P<name>[^"]+)"'),
        'relation "{name}" already exists',
    ),
    (
        re.compile(r'Column with name "?(?P<name>[^" ]+)"? already exists'),
        'column "{name}" of relation already exists',
    ),
    (
        re.compile(
            r'(Values list|[Tt]able) "(?P<table>[^"]+)" does not have a column (named|with name) "(?P<name>[^"]+)"'
        ),
        'column "{name}" of "{table}" does not exist',
    ),
    (
        re.compile(
            r"Referenced update column (?P<name>\S+) not found in table"
        ),
        'column "{name}" does not exist',
    ),
    (
        re.compile(
            r"Cannot mix values of type (?P<left>\w+)(?:\([^)]*\))? and (?P<right>\w+)(?:\([^)]*\))? in (?P<word>\w+)"
        ),
        "{word} types {left} and {right} cannot be matched",
    ),
    (
        re.compile(
            r"Cannot compare values of type (?P<left>\w+)(?:\([^)]*\))? and type (?P<right>\w+)"
        ),
        "operator does not exist: {left} = {right}",
    ),
    (
        re.compile(r'extract specifier "(?P<name>[^"]+)" not recognized'),
        'date part "{name}" not recognized',
    ),
    (
        re.compile(r"value out of range: (?P<value>\"[^\"]+\")"),
        "date/time field value out of range: {value}",
    ),
    (
        re.compile(
            r"value (?P<value>\S+) can't be cast because the value is out of range for the destination type "
            r"(?P<left>\w+)"
        ),
        "Value out of range for {left}: {value}",
    ),
    (
        re.compile(r"Ambiguous reference to table \"(?P<name>[^\"]+)\""),
        'table name "{name}" specified more than once',
    ),
    (
        re.compile(
            r'Column "(?P<name>[^"]+)" does not exist on (?P<side>left|right) side of join'
        ),
        'column "{name}" specified in USING clause does not exist in {side} table',
    ),
    (
        re.compile(r"STAR expression is only allowed"),
        'syntax error at or near "*"',
    ),
    (
        re.compile(r'syntax error at or near "(?P<word>[^"]+)"'),
        'syntax error at or near "{word}"',
    ),
    (
        re.compile(r"Overflow in (?P<word>\w+) of (?P<left>\w+)"),
        "{left} out of range in {word}",
    ),
    (
        re.compile(r"More than one row returned by a subquery"),
        "more than one row returned by a subquery used as an expression",
    ),
    (
        re.compile(
            r"Subquery returns (?P<number>\d+) columns - expected (?P<expected>\d+)"
        ),
        "subquery must return only {expected} column(s), not {number}",
    ),
    (
        re.compile(
            r"expected (?P<most>\d+) columns but (?P<number>\d+) values"
        ),
        "INSERT has {more}",
    ),
    (
        re.compile(r"has (?P<most>\d+) columns but (?P<number>\d+) values"),
        "INSERT has {more}",
    ),
    (
        re.compile(r'Could not parse string "(?P<value>[^"]*)" according'),
        'the value "{value}" does not have the format of the pattern',
    ),
    (
        re.compile(
            r"Set operations can only apply to expressions with the same number"
        ),
        "each UNION, INTERSECT or EXCEPT query must have the same number of columns",
    ),
    (
        re.compile(r'Circular reference to CTE "(?P<name>[^"]+)"'),
        'relation "{name}" does not exist: only WITH RECURSIVE may read itself',
    ),
    (
        re.compile(
            r"Unimplemented type for cast \((?P<left>\w+) -> (?P<right>\w+)"
        ),
        "cannot cast type {left} to {right}",
    ),
    (
        re.compile(
            r"Invalid Input Error: (?P<words>(invalid input syntax|negative substring|Found multiple|cannot take"
            r"|Divide by)[^\n]*)"
        ),
        "{words}",
    ),
    (
        re.compile(
            r"No function matches the given name and argument types '(?P<call>[^']+)'"
        ),
        "function {call} does not exist",
    ),
    (
        re.compile(
            r'best candidate function for the function call "(?P<call>[^"]+)"'
        ),
        "function {call} does not exist",
    ),
    (
        re.compile(r'Referenced column "(?P<name>[^"]+)" not found'),
        'column "{name}" does not exist',
    ),
    (
        re.compile(
            r'Table "(?P<table>[^"]+)" does not have a column named "(?P<name>[^"]+)"'
        ),
        "column {table}.{name} does not exist",
    ),
    (
        re.compile(r'Referenced table "(?P<name>[^"]+)" not found'),
        'missing FROM-clause entry for table "{name}"',
    ),
    (
        re.compile(
            r'column "(?P<name>[^"]+)" must appear in the GROUP BY clause'
        ),
        'column "{name}" must appear in the GROUP BY clause or be used in an aggregate function',
    ),
    (
        re.compile(r'Ambiguous reference to column name "(?P<name>[^"]+)"'),
        'column reference "{name}" is ambiguous',
    ),
    (
        re.compile(
            r'(Table|View) with name "?(?P<name>[^" ]+)"? already exists'
        ),
        'Relation "{name}" already exists',
    ),
    (
        re.compile(
            r"TransactionContext Error: (Conflict|Catalog write-write conflict|Failed to commit)"
        ),
        "1023\nDetail: Serializable isolation violation: another transaction has changed the same table",
    ),
    (
        re.compile(
            r"NOT NULL constraint failed: (?P<table>[^.\s]+)\.(?P<name>\S+)"
        ),
        "Cannot insert a NULL value into column {name}",
    ),
)
"""The engine's words, and Redshift's for them."""


class RedshiftError(LocalAwsError):
    """A statement failed; the message is what DescribeStatement gives as Error."""

    def __init__(self, message: str) -> None:
        super().__init__(f"ERROR: {message}")


class RedshiftSyntaxError(RedshiftError):
    """The text is not Redshift's grammar; `text` is where its parser would stop."""

    def __init__(self, text: str, hint: str = "") -> None:
        reason = f": {hint}" if hint else ""
        super().__init__(f'syntax error at or near "{text}"{reason}')


class UnsupportedFeatureError(RedshiftError):
    """Redshift has it, local AWS has not."""

    def __init__(self, feature: str) -> None:
        super().__init__(
            f"{feature} is not supported by local AWS; run it on Redshift, or write it another way"
        )


class SessionClosedError(RedshiftError):
    """The statement was cancelled while it ran."""

    def __init__(self) -> None:
        super().__init__("Query cancelled on user's request")


class TooManySessionsError(LocalAwsError):
    """More sessions of the Data API are kept than a workgroup takes."""


class SessionUnavailableError(LocalAwsError):
    """A kept session of the Data API cannot take a statement; its call is refused."""


def from_engine(error: duckdb.Error) -> RedshiftError:
    """Return the engine's error in Redshift's words where those are known, else in its own."""
    text = str(error)
    too_long = _TOO_LONG.search(text)
    if too_long:
        return RedshiftError(
            f"Value too long for character type\nDetail: column {too_long['column']}, "
            f"length limit {too_long['size']} bytes"
        )
    absent = _ABSENT.search(text)
    if absent:
        return UnsupportedFeatureError(f"function {absent['name'].upper()}")
    conversion = _CONVERSION.search(text)
    if conversion:
        kind = _name(conversion["kind"])
        return RedshiftError(
            f'invalid input syntax for type {kind}: "{conversion["value"]}"'
        )
    operator = _OPERATOR.search(text)
    if operator:
        return RedshiftError(
            f"operator does not exist: {_name(operator['left'])} {operator['sign']} {_name(operator['right'])}"
        )
    for pattern, words in _WORDS:
        match = pattern.search(text)
        if match:
            return RedshiftError(words.format(**_parts(match)))
    plain = _PREFIX.sub("", text.partition("\n\nLINE ")[0])
    return RedshiftError(plain.strip())


def _parts(match: re.Match[str]) -> dict[str, str]:
    """Return the parts of a message, in Redshift's names."""
    parts = match.groupdict()
    if "most" in parts:
        is_more = int(parts["number"]) > int(parts["most"])
        parts["more"] = (
            "more expressions than target columns"
            if is_more
            else "more target columns than expressions"
        )
    if "call" in parts:
        names = re.split(r"(\w+)", parts["call"])
        parts["call"] = "".join(_NAMES.get(name, name) for name in names)
    for side in ("left", "right"):
        if side in parts:
            parts[side] = _name(parts[side])
    return parts


def _name(kind: str) -> str:
    return _NAMES.get(kind, kind.lower())
