"""Read a request's body: JSON, JSON lines or CSV to leads as the caller wrote them, within limits."""

import csv
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from io import StringIO
from typing import Any, TextIO

from include.api.errors import BodyTooLargeError, UnreadableBodyError


def load_json(body: bytes) -> Any:
    """Read JSON in UTF-8 in which no object gives a name twice. Raises UnreadableBodyError."""
    try:
        text = body.decode("utf-8-sig")
        return json.loads(
            text,
            parse_constant=_refuse_constant,
            object_pairs_hook=_refuse_repeated_names,
        )
    except (ValueError, RecursionError) as error:
        raise UnreadableBodyError(f"not JSON: {error}") from error


def parse_json(body: bytes) -> list[Mapping[str, Any]]:
    """Return the leads of a JSON body: one object, or a list of objects. Raises UnreadableBodyError."""
    content = load_json(body)
    leads = content if isinstance(content, list) else [content]
    are_objects = all(isinstance(lead, dict) for lead in leads)
    if not leads or not are_objects:
        raise UnreadableBodyError(
            "expected one JSON object per lead, alone or in a list that is not empty"
        )
    return leads


def parse_json_lines(body: bytes) -> list[Mapping[str, Any]]:
    """Return the leads of a body with one JSON object a line; blank lines are skipped. Raises UnreadableBodyError."""
    leads: list[Mapping[str, Any]] = []
    for line in body.splitlines():
        if not line.strip():
            continue
        line_leads = parse_json(line)
        if len(line_leads) != 1:
            raise UnreadableBodyError("expected one JSON object on each line")
        leads.append(line_leads[0])
    if not leads:
        raise UnreadableBodyError("expected one JSON object on each line")
    return leads


def parse_csv(body: bytes) -> list[Mapping[str, Any]]:
    """Return the leads of a UTF-8 CSV body with a header line. Raises UnreadableBodyError."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableBodyError(f"not CSV in UTF-8: {error}") from error
    rows = csv_rows(StringIO(text, newline=""))
    header = next(rows)
    leads: list[Mapping[str, Any]] = [
        dict(zip(header, row, strict=True)) for row in rows
    ]
    if not leads:
        raise UnreadableBodyError(
            "the CSV has no lead; expected a header line and a line per lead"
        )
    return leads


def csv_rows(text: TextIO) -> Iterator[list[str]]:
    """Yield the header of a CSV, then its rows one by one, each as long as the header; blank lines are skipped.

    Raises:
        UnreadableBodyError: at the line that is not CSV in UTF-8, or for a header that is missing, names a column
            twice or separates cells otherwise.
    """
    reader = csv.reader(text, strict=True)
    try:
        header = next(reader, [])
        _check_header(header)
        yield header
        for number, row in enumerate(filter(None, reader), start=1):
            if len(row) != len(header):
                raise UnreadableBodyError(
                    f"row {number} does not have as many cells as the header"
                )
            yield row
    except (UnicodeDecodeError, csv.Error) as error:
        raise UnreadableBodyError(f"not CSV in UTF-8: {error}") from error


def check_size(
    leads: Sequence[Mapping[str, Any]], max_leads: int, max_columns: int
) -> None:
    """Let pass what one request may bring. Raises BodyTooLargeError."""
    if len(leads) > max_leads:
        raise BodyTooLargeError(
            f"{len(leads):,} leads, and one request may bring {max_leads:,}; POST /predict/batch takes more, as CSV"
        )
    widest = max(len(lead) for lead in leads)
    check_columns(widest, max_columns)


def check_columns(columns: int, max_columns: int) -> None:
    """Let pass a lead that is not too wide. Raises BodyTooLargeError."""
    if columns > max_columns:
        raise BodyTooLargeError(
            f"{columns:,} columns, and a lead may have {max_columns:,}; leave out what the contract has not"
        )


def _check_header(header: list[str]) -> None:
    if not any(header):
        raise UnreadableBodyError(
            "the CSV has no header; expected a header line and a line per lead"
        )
    if len(header) == 1 and re.search("[;\t]", header[0]):
        raise UnreadableBodyError(
            "the header of the CSV is one cell; separate cells by commas, not semicolons or tabs"
        )
    if len(set(header)) < len(header):
        raise UnreadableBodyError("the header of the CSV names a column twice")


def _refuse_repeated_names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        raise ValueError("an object gives a name twice")
    return content


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON value")
