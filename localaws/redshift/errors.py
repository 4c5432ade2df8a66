"""Show the errors of the Redshift engine, with the texts that a client of the Data API sees."""

import re

import duckdb

from localaws.errors import LocalAwsError

_TOO_LONG = re.compile(
    r"CHECK constraint failed .*?strlen\(\"?(?P<column>[^\")]+)\"?\) <= (?P<size>\d+)",
    re.DOTALL,
)


class RedshiftError(LocalAwsError):
    """A statement failed; the message is what DescribeStatement gives as Error."""

    def __init__(self, message: str) -> None:
        super().__init__(f"ERROR: {message}")


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


def from_engine(error: duckdb.Error) -> RedshiftError:
    """Return the engine's error in Redshift's words where those are known, else in its own."""
    text = str(error)
    too_long = _TOO_LONG.search(text)
    if too_long:
        return RedshiftError(
            f"Value too long for character type\nDetail: column {too_long['column']}, "
            f"length limit {too_long['size']} bytes"
        )
    return RedshiftError(text.strip())
