"""Cut a CSV of leads into batches in the order of the contract's clock; every row keeps its bytes."""

import csv
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from demo.errors import UnusableFileError
from include.contract import Contract

ENCODING = {
    "encoding": "utf-8",
    "errors": "surrogateescape",
}  # any byte survives the way in and out


@dataclass(frozen=True)
class Batch:
    """Leads that arrive together: `name` is the folder in S3, `content` a CSV with the original header."""

    name: str
    title: str
    content: bytes
    rows: int


@dataclass(frozen=True)
class Period:
    """A stretch of the file: what it is meant to show, and where it ends as a share of the rows."""

    name: str
    title: str
    until: float


# Measured on the real file (`python -m bench.synthetic` compares): the vendor's scores fail from a fifth of the file
# on and come back at seven tenths, with other leads than before.
PERIODS = (
    Period("1-first-champion", "first champion", 0.1732),
    Period("2-quiet", "quiet period", 0.2327),
    Period("3-vendor-outage", "vendor outage", 0.6494),
    Period("4-drift", "drifted period", 1.0),
)


def cut(
    content: bytes, contract: Contract, periods: Sequence[Period] = PERIODS
) -> tuple[Batch, ...]:
    """Return the batches of a CSV, oldest leads first.

    Args:
        content: the file: a header, then one record a lead; quoted line breaks are fine.
        contract: names the clock column. Rows whose clock is no number come last, so that none is lost.
        periods: where the batches end; the last one takes the rest.

    Raises:
        UnusableFileError: no clock column in the header, or fewer rows than periods.
    """
    header, *records = _records(content.decode(**ENCODING)) or [""]
    if len(records) < len(periods):
        raise UnusableFileError(
            f"{len(records)} rows are too few for {len(periods)} batches"
        )
    position = _clock_position(header, contract)
    oldest_first = sorted(records, key=lambda record: _clock(record, position))
    batches = []
    start = 0
    for period in periods:
        end = (
            len(oldest_first)
            if period is periods[-1]
            else round(period.until * len(oldest_first))
        )
        content = _join([header, *oldest_first[start:end]])
        batches.append(Batch(period.name, period.title, content, end - start))
        start = end
    return tuple(batches)


def _clock_position(header: str, contract: Contract) -> int:
    clock = contract.column(contract.clock).name
    names = [
        name.strip().removeprefix("\ufeff")
        for name in next(csv.reader([header]), [])
    ]
    if clock not in names:
        raise UnusableFileError(
            f"no column {clock!r} in the header: {', '.join(names)}"
        )
    return names.index(clock)


def _records(text: str) -> list[str]:
    """Return the records of the file, quoted line breaks kept inside them, empty lines left out."""
    lines = text.splitlines(keepends=True)
    if (
        "\r\n" in text
    ):  # then a lone line break is part of a cell, quoted or not
        lines = [f"{line}\r\n" for line in text.split("\r\n")]
    reader = csv.reader(lines)
    records = []
    start = 0
    for _ in reader:
        records.append("".join(lines[start : reader.line_num]))
        start = reader.line_num
    return [record for record in records if record.strip()]


def _clock(record: str, position: int) -> float:
    cells = next(csv.reader([record]), [])
    try:
        return float(cells[position])
    except (IndexError, ValueError):
        return math.inf


def _join(records: Iterable[str]) -> bytes:
    lines = [
        record if record.endswith("\n") else f"{record}\n" for record in records
    ]
    return "".join(lines).encode(**ENCODING)
