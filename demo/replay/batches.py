"""Cut a CSV of leads into batches in the order of the contract's clock; every row keeps its bytes.

The file is read by the functions of the Glue job: what the job reads, the replay reads. Only gzip and other encodings
than UTF-8 are written again, in the encoding of the contract.
"""

import codecs
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from demo.errors import UnusableFileError
from include.contract import Contract
from include.contract.cells import TEMPORAL, read_cell
from include.contract.text import Headings, clean_text
from include.contract.written import plain_number
from include.glue.errors import UnreadableFileError
from include.glue.job_contract import JobContract, parse_contract
from include.glue.records.csv_extent import read_record
from include.glue.records.csv_header import Header, find_header
from include.glue.records.csv_lines import Line, decode_line, plain_bytes
from include.glue.records.csv_records import is_empty
from include.glue.records.encodings import is_utf_8


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
"""Those of the guide's leads, in whose file these things happen."""

OTHER_PERIODS = (
    Period("1-first-champion", "first champion", 0.7),
    Period("2-newest", "newest leads", 1.0),
)
"""Those of any other contract, whose file may hold anything: most of the leads, then the newest."""


def cut(
    content: bytes, contract: Contract, periods: Sequence[Period] = PERIODS
) -> tuple[Batch, ...]:
    """Return the batches of a CSV, oldest leads first.

    Args:
        content: the file: a header, then one record a lead; quoted line breaks are fine, titles above the header and
            blank rows are left out.
        contract: names the clock column. Rows whose clock is no number come last, so that none is lost.
        periods: where the batches end; the last one takes the rest.

    Raises:
        UnusableFileError: no CSV text, no clock column in the header, or fewer rows than periods.
    """
    source = _read_source(content, contract)
    if len(source.records) < len(periods):
        raise UnusableFileError(
            f"{len(source.records)} rows are too few for {len(periods)} batches"
        )
    oldest_first = sorted(source.records, key=lambda record: record.clock)
    batches = []
    start = 0
    for period in periods:
        end = (
            len(oldest_first)
            if period is periods[-1]
            else round(period.until * len(oldest_first))
        )
        rows = [record.content for record in oldest_first[start:end]]
        batch_content = encoded(_join([source.header, *rows]), contract)
        batches.append(
            Batch(period.name, period.title, batch_content, end - start)
        )
        start = end
    return tuple(batches)


class _Record(NamedTuple):
    """A record's clock and its bytes."""

    clock: float
    content: bytes


class _Source(NamedTuple):
    """The bytes of a file's header and its records."""

    header: bytes
    records: list[_Record]


def _read_source(content: bytes, contract: Contract) -> _Source:
    """Return header and records of a file. Raises UnusableFileError."""
    try:
        encoding = contract.files.encoding
        text = plain_bytes(content, codecs.lookup(encoding).name)
        byte_lines = text.splitlines(keepends=True)
    except UnreadableFileError as error:
        raise UnusableFileError(f"the file is {error}") from error
    lines = [decode_line(line) for line in byte_lines]
    job_contract = parse_contract(contract.model_dump_json())
    header = find_header(job_contract, lines)
    if header is None:
        return _Source(b"", [])
    position = _clock_position(header, contract, job_contract.headings)
    records = list(_records(job_contract, byte_lines, lines, header, position))
    return _Source(b"".join(byte_lines[header.start : header.end]), records)


def encoded(text: bytes, contract: Contract) -> bytes:
    """Return text in UTF-8 in the encoding of the contract's files."""
    encoding = codecs.lookup(contract.files.encoding).name
    if is_utf_8(encoding):
        return text
    return text.decode("utf-8", "replace").encode(encoding, "replace")


def _clock_position(
    header: Header, contract: Contract, headings: Headings
) -> int | None:
    """Return which cell holds the clock, None where the order of the rows is the clock. Raises UnusableFileError."""
    if header.above:
        raise UnusableFileError(
            f"line {header.above[0].start + 1} stands above the header, line {header.start + 1}, and may be a lead; "
            "put the header first"
        )
    clock = contract.column(contract.clock)
    if clock.derived:
        return None
    for position, name in enumerate(header.names):
        if headings.find(name) == clock.field:
            return position
    raise UnusableFileError(
        f"no column {clock.name!r} in the header: {header.problem}"
    )


def _records(
    contract: JobContract,
    byte_lines: Sequence[bytes],
    lines: Sequence[Line],
    header: Header,
    position: int | None,
) -> Iterator[_Record]:
    """Yield every record below the header that is not blank."""
    index = header.end
    while index < len(lines):
        if is_empty(lines[index], contract.dialect):
            index += 1
            continue
        record = read_record(lines, index, header.width, contract.dialect)
        end = index + record.line_count
        if record.problem or not record.blank:
            clock = float(index)
            if position is not None:
                clock = _clock(contract, record.cells, position)
            yield _Record(clock, b"".join(byte_lines[index:end]))
        index = end


def _clock(contract: JobContract, cells: Sequence[str], position: int) -> float:
    """Return the clock of a record, infinite if it has none; of a moment, the seconds since 1970."""
    rule = contract.columns[contract.fields.index(contract.clock)].rule
    try:
        text = clean_text(cells[position])
        if rule.type in TEMPORAL:
            moment = datetime.fromisoformat(f"{read_cell(rule, text)}")
            return moment.replace(tzinfo=UTC).timestamp()
        clock = float(plain_number(rule.style, text))
    except (IndexError, ValueError):
        return math.inf
    return math.inf if math.isnan(clock) else clock


def _join(records: Iterable[bytes]) -> bytes:
    """Return the records one below the other, each with a line end."""
    return b"".join(
        record if record.endswith((b"\n", b"\r")) else record + b"\n"
        for record in records
    )
