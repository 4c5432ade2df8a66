"""Turn Parquet and JSON lines into the CSV text that the rest of the job reads, so that one set of rules judges all.

The text is in UTF-8, separated by commas, with a header; each row is a record. A missing value is an empty cell. A
number, a truth value, a date or a moment is written so that `include.contract.cells.read_cell` reads its value.
"""

import io
import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyarrow import csv as arrow_csv

from include.glue.errors import UnreadableFileError
from include.glue.job_contract import JobContract
from include.glue.records.csv_lines import PARQUET, plain_bytes

JSON_LINES = "json_lines"
BATCH_ROWS = 65_536
NOT_AN_OBJECT = "not a JSON object"
KEY_TWICE = "a key stands twice in the JSON object"
NESTED = "a nested value in {}, expected a single value"
LARGEST = 2**53


def csv_pieces(contract: JobContract, content: bytes) -> Iterator[bytes]:
    """Yield a file of another format as CSV text.

    Args:
        contract: says which format it is.
        content: of the whole file, not packed.

    Raises:
        UnreadableFileError: it is not of that format, or a column of the contract holds nested values or bytes.
    """
    if contract.files.format == JSON_LINES:
        return _pieces_of_json(contract, content)
    return _pieces_of_parquet(contract, content)


def _pieces_of_parquet(
    contract: JobContract, content: bytes
) -> Iterator[bytes]:
    if not content.startswith(PARQUET):
        raise UnreadableFileError(
            "not a Parquet file, as the contract says; write the format that it has, such as files: {format: csv}"
        )
    with _readable_parquet():
        file = pq.ParquetFile(io.BytesIO(content))
        schema = file.schema_arrow
    fields = [contract.headings.find(name) for name in schema.names]
    for field, column in zip(fields, schema, strict=True):
        if field is not None and not _is_single(column.type):
            raise UnreadableFileError(
                f"a Parquet file whose column {column.name!r} holds {column.type}, expected a single value in each row"
            )
    yield _csv_line(schema.names)
    batches = file.iter_batches(BATCH_ROWS)
    while True:
        with _readable_parquet():
            batch = next(batches, None)
        if batch is None:
            return
        yield _csv_of_batch(contract, batch, fields)


@contextmanager
def _readable_parquet() -> Iterator[None]:
    """Raise UnreadableFileError in place of Arrow's own errors."""
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        raise UnreadableFileError(f"damaged Parquet ({error})") from error


def _is_single(kind: pa.DataType) -> bool:
    """Return whether values of the type can be written in one cell."""
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return not pa.types.is_nested(kind)


def _csv_of_batch(
    contract: JobContract, batch: pa.RecordBatch, fields: list[str | None]
) -> bytes:
    """Return rows as CSV text; a column that the contract does not know is written empty."""
    rows = batch.num_rows
    texts = [
        pa.nulls(rows, pa.string())
        if field is None
        else _texts(contract, field, column)
        for field, column in zip(fields, batch.columns, strict=True)
    ]
    names = [f"cell {number}" for number in range(len(texts))]
    buffer = io.BytesIO()
    options = arrow_csv.WriteOptions(include_header=False)
    arrow_csv.write_csv(pa.table(texts, names=names), buffer, options)
    return buffer.getvalue()


def _texts(contract: JobContract, field: str, values: pa.Array) -> pa.Array:
    """Return the text of each value."""
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    try:
        texts = values.cast(pa.string())
    except pa.ArrowException as error:
        raise UnreadableFileError(
            f"a Parquet file whose column {field!r} cannot be written as text ({error})"
        ) from error
    kind = values.type
    if pa.types.is_floating(kind):
        texts = _float_texts(values, texts)
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        decimal = _decimal_mark(contract, field)
        texts = pc.replace_substring(texts, ".", decimal)
    return texts


def _float_texts(values: pa.Array, texts: pa.Array) -> pa.Array:
    """Return whole numbers without a fraction or an exponent, as an integer is written."""
    numbers = values.cast(pa.float64())
    is_whole = pc.and_(
        pc.equal(numbers, pc.floor(numbers)),
        pc.less_equal(pc.abs(numbers), LARGEST),
    )
    is_whole = pc.fill_null(is_whole, False)
    integers = pc.if_else(is_whole, numbers, 0.0).cast(pa.int64())
    return pc.if_else(is_whole, integers.cast(pa.string()), texts)


def _decimal_mark(contract: JobContract, field: str) -> str:
    """Return the mark that the column's rule expects in a number."""
    for column in contract.columns:
        if column.field == field:
            return column.rule.style.decimal
    return "."


def _pieces_of_json(contract: JobContract, content: bytes) -> Iterator[bytes]:
    """Yield JSON lines as CSV text.

    A line that is no flat object becomes a record of one cell, its text, which `json_problem` says the fault of.
    """
    lines = plain_bytes(content, contract.files.encoding).splitlines()
    names: dict[str, None] = {}
    for line in lines:
        row = _flat_row(contract, line)
        if isinstance(row, dict):
            names.update(dict.fromkeys(row))
    if not names and any(line.strip() for line in lines):
        raise UnreadableFileError(
            "not JSON lines, as the contract says: no line is an object; write the format that it has, such as files: "
            "{format: csv}"
        )
    marks = {name: _mark_of(contract, name) for name in names}
    # a record of one cell must not look like a row
    headings = [*names] if len(names) > 1 else [*names, ""]
    yield _csv_line(headings)
    pieces: list[str] = []
    for line in lines:
        row = _flat_row(contract, line)
        if isinstance(row, str):
            pieces.append(_quoted(line.decode("utf-8", "backslashreplace")))
        else:
            pieces.append(
                ",".join(
                    [
                        _cell(row.get(name), marks.get(name, "."))
                        for name in headings
                    ]
                )
            )
        if len(pieces) == BATCH_ROWS:
            yield _joined(pieces)
            pieces = []
    if pieces:
        yield _joined(pieces)


def _joined(records: list[str]) -> bytes:
    return ("\n".join(records) + "\n").encode("utf-8", "backslashreplace")


def _mark_of(contract: JobContract, name: str) -> str:
    field = contract.headings.find(name)
    return "." if field is None else _decimal_mark(contract, field)


def _flat_row(contract: JobContract, line: bytes) -> dict[str, Any] | str:
    """Return the values of a line by name, or what is wrong with it."""
    try:
        row = json.loads(line, object_pairs_hook=_Pairs)
    except (ValueError, RecursionError):
        return NOT_AN_OBJECT
    if not isinstance(row, _Pairs):
        return NOT_AN_OBJECT
    values = dict(row)
    if len(values) < len(row):
        return KEY_TWICE
    for name, value in values.items():
        if isinstance(value, list) and contract.headings.find(name):
            return NESTED.format(repr(name))
    return values


class _Pairs(list[tuple[str, Any]]):
    """Names and values of a JSON object, in their order."""


def json_problem(contract: JobContract, text: str) -> str:
    """Return why a line of JSON is no row."""
    row = _flat_row(contract, text.encode("utf-8", "backslashreplace"))
    return row if isinstance(row, str) else NOT_AN_OBJECT


def _cell(value: Any, decimal: str) -> str:
    """Return a value of JSON as a cell."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, int):
        return _integer_text(value)
    if isinstance(value, float):
        return _quoted(_float_text(value).replace(".", decimal))
    return _quoted(json.dumps(value, ensure_ascii=False))


def _integer_text(value: int) -> str:
    """Return the digits; Python writes no number of more than 4,300 of them, and no column takes one."""
    try:
        return str(value)
    except ValueError:
        return "too many digits"


def _float_text(value: float) -> str:
    if math.isfinite(value) and value.is_integer() and abs(value) <= LARGEST:
        return str(int(value))
    return repr(value)


def _csv_line(names: list[str]) -> bytes:
    line = ",".join([_quoted(name) for name in names]) + "\n"
    return line.encode("utf-8", "backslashreplace")


def _quoted(text: str) -> str:
    doubled = text.replace('"', '""')
    return f'"{doubled}"'
