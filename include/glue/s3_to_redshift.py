"""Glue job: types the CSV files below a prefix into Parquet for COPY, and keeps every row that it cannot type.

Runs on Glue 5.0 (Spark 3.5, Python 3.11) and needs nothing but Spark, so it is one file. What a column is comes from
the contract as JSON. Each file is read whole (`binaryFile`) and split by Python's csv module in a Spark transformation:
Spark's own CSV reader knows neither a row's source line nor what a broken row looked like. The price: a file is
handled by one task, which holds it in memory, and may have 2 GB at most. Many files run side by side.

Always: input rows = loaded + quarantined + duplicates. Objects whose names begin with `_` or `.` are not data.
"""

import argparse
import codecs
import csv
import io
import json
import logging
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as sf

TEXT_BYTES = {"string": 1024, "category": 256, "ordinal": 256, "yes_no": 3}  # include.contract.ddl has the same widths
SPARK_TYPES = {"integer": "int", "number": "double"}
INTEGER = re.compile(r"[+-]?[0-9]+(\.0*)?")  # 3.0 is what pandas writes for 3 in a column with missing values
NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
INT32 = 2**31
RECORD_LINES = 100  # a quoted cell may run over this many lines; beyond it a quote was never closed
ROWS_PER_OUTPUT_FILE = 1_000_000
LEVELS_REPORTED = 20
OUTCOMES = ("loaded", "quarantined", "duplicate")
SUPERSEDED = "superseded by a later row with the same key"

log = logging.getLogger("s3_to_redshift")


class JobFailedError(RuntimeError):
    """The job cannot do its work at all; the message says what to do next."""


class CellError(ValueError):
    """A cell that breaks a rule of its column."""

    def __init__(self, rule: str, cell: str) -> None:
        super().__init__(f"{rule} ({shorten(cell)})")
        self.rule = rule


@dataclass(frozen=True)
class Column:
    """What the job needs to know of a contract's column."""

    name: str
    field: str
    type: str
    minimum: float | None
    maximum: float | None
    levels: tuple[str, ...]


@dataclass(frozen=True)
class Contract:
    """What the job needs to know of a contract."""

    columns: tuple[Column, ...]
    key: str
    null_tokens: frozenset[str]

    @property
    def fields(self) -> list[str]:
        """Field names in the order of the table."""
        return [column.field for column in self.columns]


class Line(NamedTuple):
    """A physical line with its line end; unreadable ones have their broken bytes written as escapes."""

    text: str
    readable: bool


class Record(NamedTuple):
    """What becomes of one source row: `row` (typed) or `rejected`; or a `file`, whose summary is in `raw`."""

    kind: str
    line: int
    raw: str
    rule: str | None = None
    reason: str | None = None
    values: tuple[Any, ...] | None = None


@dataclass(frozen=True)
class Header:
    """A file's header: column names as written, where the contract's columns are, and what is wrong with it."""

    names: tuple[str, ...]
    positions: tuple[int, ...]
    missing: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    problem: str | None = None


def parse_contract(text: str) -> Contract:
    """The contract from its JSON. Raises JobFailedError where that is not one."""
    try:
        content = json.loads(text)
        columns = tuple(
            Column(
                name=column["name"],
                field=column["field"],
                type=column["type"],
                minimum=column.get("minimum"),
                maximum=column.get("maximum"),
                levels=tuple(column.get("allowed") or column.get("order") or ()),
            )
            for column in content["columns"]
        )
        return Contract(columns, content["key"], frozenset(content["null_tokens"]))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise JobFailedError(f"the contract is not readable ({error!r}); upload it again as JSON") from error


def shorten(text: str) -> str:
    """`text` quoted, and cut after 40 characters."""
    return repr(text if len(text) <= 40 else text[:40] + "…")


def parse_cell(column: Column, cell: str) -> Any:
    """Typed value of a cell that is trimmed and not missing. Raises CellError naming the column and the rule."""
    if column.type in SPARK_TYPES:
        return _in_range(column, _parse_number(column, cell), cell)
    if column.type == "yes_no" and cell not in ("Yes", "No"):
        raise CellError(f"{column.name}: neither Yes nor No", cell)
    if len(cell) * 4 > TEXT_BYTES[column.type] and len(cell.encode()) > TEXT_BYTES[column.type]:
        raise CellError(f"{column.name}: longer than {TEXT_BYTES[column.type]} bytes", cell)
    return cell


def _parse_number(column: Column, cell: str) -> float | int:
    if column.type == "integer":
        if not INTEGER.fullmatch(cell):
            raise CellError(f"{column.name}: not a whole number", cell)
        digits = cell.split(".")[0]
        value = int(digits) if len(digits) < 20 else INT32
        if not -INT32 <= value < INT32:
            raise CellError(f"{column.name}: does not fit into 32 bits", cell)
        return value
    if not NUMBER.fullmatch(cell) or not math.isfinite(float(cell)):
        raise CellError(f"{column.name}: not a number", cell)
    return float(cell)


def _in_range(column: Column, value: float, cell: str) -> float:
    if column.minimum is not None and value < column.minimum:
        raise CellError(f"{column.name}: below {column.minimum:g}", cell)
    if column.maximum is not None and value > column.maximum:
        raise CellError(f"{column.name}: above {column.maximum:g}", cell)
    return value


def type_row(cells: Sequence[str], contract: Contract) -> tuple[tuple[Any, ...], list[CellError]]:
    """Typed values of one row's cells, which come in the contract's order, and every rule that they break."""
    values: list[Any] = []
    errors: list[CellError] = []
    for column, raw_cell in zip(contract.columns, cells, strict=True):
        cell = raw_cell.strip()
        value = None
        try:
            if cell not in contract.null_tokens:
                value = parse_cell(column, cell)
            elif column.field == contract.key:
                raise CellError(f"{column.name}: the key is empty", cell)
        except CellError as error:
            errors.append(error)
        values.append(value)
    return tuple(values), errors


def split_lines(content: bytes) -> list[Line]:
    r"""Physical lines of a file, ended by \n, \r\n or \r.

    UTF-8 with or without a byte order mark, UTF-16 with one. A line is unreadable if it cannot be decoded or holds
    a NUL, which is how UTF-16 without a byte order mark looks.
    """
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        lines = io.StringIO(content.decode("utf-16", errors="replace"), newline="")
        return [Line(line, "\ufffd" not in line and "\0" not in line) for line in lines]
    return [_decode(line) for line in content.removeprefix(codecs.BOM_UTF8).splitlines(keepends=True)]


def _decode(line: bytes) -> Line:
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        return Line(line.decode("utf-8", errors="backslashreplace"), readable=False)
    return Line(text, "\0" not in text)


def _blank(line: Line) -> bool:
    return not line.text.replace("\0", "").strip()


def split_record(lines: Sequence[Line], start: int) -> tuple[list[str], int]:
    """Cells of the CSV record that begins at `lines[start]`, and how many lines it takes.

    Raises:
        csv.Error: a line is unreadable, a quote is not closed within RECORD_LINES, or text follows a closing quote.
    """
    reader = csv.reader(_readable(lines, start), strict=True)
    return next(reader, []), reader.line_num


def _readable(lines: Sequence[Line], start: int) -> Iterator[str]:
    for index in range(start, min(start + RECORD_LINES, len(lines))):
        if not lines[index].readable:
            raise csv.Error("not readable as UTF-8 text")
        yield lines[index].text


def read_header(cells: Sequence[str], contract: Contract) -> Header:
    """The header whose names are `cells`: matched by trimmed name, in any order; nameless columns are extra."""
    names = tuple(cell.strip() for cell in cells)
    wanted = [column.name for column in contract.columns]
    missing = tuple(name for name in wanted if name not in names)
    extra = tuple(name or f"(column {n} has no name)" for n, name in enumerate(names, 1) if name not in wanted)
    problem = None
    if missing:
        problem = f"missing column: {', '.join(missing)}"
    elif twice := sorted({name for name in names if name and names.count(name) > 1}):
        problem = f"column stands twice in the header: {', '.join(twice)}"
    positions = () if problem else tuple(names.index(name) for name in wanted)
    return Header(names, positions, missing, extra, problem)


def parse_file(content: bytes, contract: Contract) -> Iterator[Record]:
    """Every row of a CSV file as a Record, then one of kind `file` with its summary. Blank lines are no rows."""
    lines = split_lines(content)
    start = next((index for index, line in enumerate(lines) if not _blank(line)), len(lines))
    if start == len(lines):
        yield _summary(0, Header((), (), problem="empty file"))
        return
    try:
        cells, used = split_record(lines, start)
        header = read_header(cells, contract)
    except csv.Error as error:
        header, used = Header((), (), problem=f"header cannot be read: {error}"), 1
    rows = 0
    for record in _parse_rows(lines, start + used, header, contract):
        rows += 1
        yield record
    yield _summary(rows, header)


def _summary(rows: int, header: Header) -> Record:
    problem = header.problem or (None if rows else "header without rows")
    summary = {"rows": rows, "problem": problem, "missing": header.missing, "extra": header.extra}
    return Record("file", 0, json.dumps(summary))


def _parse_rows(lines: Sequence[Line], start: int, header: Header, contract: Contract) -> Iterator[Record]:
    while start < len(lines):
        cells, used, error = _try_record(lines, start, header)
        text = lines[start].text.rstrip("\r\n")
        if error:
            yield Record("rejected", start + 1, json.dumps({"line": text}, ensure_ascii=False), *error)
        elif cells:
            yield _parse_row(start + 1, cells, header, contract)
        start += used


def _try_record(lines: Sequence[Line], start: int, header: Header) -> tuple[list[str], int, tuple[str, str] | None]:
    """Cells (none for a blank line), lines used, and (rule, reason) if the first line is to be rejected alone.

    Parsing goes on with the very next line then, so that an unclosed quote costs one row and not the rest of the file.
    """
    if _blank(lines[start]):
        return [], 1, None
    try:
        cells, used = split_record(lines, start)
    except csv.Error as error:
        return [], 1, (f"row: {error}", f"row: {error}")
    if header.problem or len(cells) == len(header.names):
        return cells, used, None
    rule = f"row: too {'many' if len(cells) > len(header.names) else 'few'} fields"
    return [], 1, (rule, f"{rule} ({len(cells)} instead of {len(header.names)})")


def _parse_row(line: int, cells: list[str], header: Header, contract: Contract) -> Record:
    if header.problem:
        return Record(
            "rejected", line, json.dumps({"cells": cells}, ensure_ascii=False), header.problem, header.problem
        )
    raw = json.dumps(dict(zip(header.names, cells, strict=True)), ensure_ascii=False)
    values, errors = type_row([cells[position] for position in header.positions], contract)
    if errors:
        return Record("rejected", line, raw, errors[0].rule, "; ".join(map(str, errors)))
    return Record("row", line, raw, values=values)


def list_objects(spark: SparkSession, source_uri: str) -> dict[str, int]:
    """Size in bytes of each CSV object below `source_uri`, by path relative to it.

    Raises:
        JobFailedError: there is none.
    """
    root, system = _open(spark, source_uri)
    sizes = {}
    if system.exists(root):
        found = system.listFiles(root, True)
        while found.hasNext():
            status = found.next()
            path = relative(status.getPath().toString(), source_uri)
            if path.lower().endswith(".csv") and not any(part.startswith(("_", ".")) for part in path.split("/")):
                sizes[path] = status.getLen()
    if not sizes:
        raise JobFailedError(f"no CSV objects under {source_uri}; check the prefix that the sensor saw")
    return sizes


def _open(spark: SparkSession, uri: str) -> tuple[Any, Any]:
    path = spark._jvm.org.apache.hadoop.fs.Path(uri)
    return path, path.getFileSystem(spark._jsc.hadoopConfiguration())


def read_text(spark: SparkSession, uri: str) -> str:
    """Text of an object. Raises JobFailedError where it cannot be read."""
    path, system = _open(spark, uri)
    try:
        stream = system.open(path)
    except Py4JJavaError as error:
        raise JobFailedError(f"{uri} cannot be read; run bootstrap_platform, which uploads it") from error
    return str(spark._jvm.org.apache.commons.io.IOUtils.toString(stream, "UTF-8"))


def write_text(spark: SparkSession, uri: str, text: str) -> None:
    """Writes an object through Hadoop's file system, which knows s3:// on Glue and file:// anywhere."""
    path, system = _open(spark, uri)
    stream = system.create(path, True)
    stream.write(bytearray(text, "utf-8"))
    stream.close()


def relative(path: str, source_uri: str) -> str:
    """`path` seen from `source_uri`; Hadoop writes file:/x for file:///x, so schemes are left out."""
    root, full = (re.sub(r"^[a-z0-9]+:/*", "/", uri).rstrip("/") for uri in (source_uri, path))
    return full.removeprefix(root + "/") if full != root else full.rsplit("/", 1)[-1]


def read_records(spark: SparkSession, source_uri: str, contract: Contract) -> DataFrame:
    """One line per source row and one per file: the contract's fields, `_kind _rule _reason _line _raw _file _changed`.

    Lazy: nothing is read before the frame is used. `_changed` is the file's modification time in milliseconds.
    """
    files = (
        spark.read.format("binaryFile")
        .option("pathGlobFilter", "*.[cC][sS][vV]")
        .option("recursiveFileLookup", "true")
        .load(source_uri)
        .select("path", sf.expr("unix_millis(modificationTime)"), "content")
    )
    fields = ", ".join(f"{column.field} {SPARK_TYPES.get(column.type, 'string')}" for column in contract.columns)
    extra = "_kind string, _rule string, _reason string, _line int, _raw string, _file string, _changed bigint"
    rows = files.rdd.flatMap(partial(_flatten, source_uri=source_uri, contract=contract))
    return spark.createDataFrame(rows, f"{fields}, {extra}", verifySchema=False)


def _flatten(file: Sequence[Any], source_uri: str, contract: Contract) -> Iterator[tuple[Any, ...]]:
    path, changed, content = file
    empty = (None,) * len(contract.columns)
    for record in parse_file(bytes(content), contract):
        about = (record.kind, record.rule, record.reason, record.line, record.raw)
        yield (*(record.values or empty), *about, relative(path, source_uri), changed)


def judge(records: DataFrame, contract: Contract) -> DataFrame:
    """`records` with `_outcome`: loaded, duplicate, quarantined, or file for the summaries.

    Of the rows with one key the one of the file changed last is loaded (then by path, then by line). Equal rows are
    duplicates, different ones are superseded and go to quarantine.
    """
    row = sf.col("_kind") == "row"
    place = sf.concat_ws(" line ", "_file", "_line")
    same_key = Window.partitionBy("_kind", "_identity")
    newest_first = same_key.orderBy(*(sf.desc(column) for column in ("_changed", "_file", "_line")))
    values = sf.struct(*contract.fields)
    ranked = records.withColumn("_identity", sf.when(row, sf.col(contract.key)).otherwise(place)).select(
        "*",
        sf.row_number().over(newest_first).alias("_rank"),
        values.eqNullSafe(sf.first(values).over(newest_first)).alias("_same"),
        sf.first(place).over(newest_first).alias("_winner"),
    )
    superseded = row & (sf.col("_rank") > 1) & ~sf.col("_same")
    outcome = (
        sf.when(sf.col("_kind") == "file", "file")
        .when(~row | superseded, "quarantined")
        .when(sf.col("_rank") > 1, "duplicate")
        .otherwise("loaded")
    )
    reason = sf.concat(sf.lit("superseded by "), "_winner")
    return ranked.select(
        *contract.fields,
        *("_file", "_line", "_raw"),
        outcome.alias("_outcome"),
        sf.when(superseded, SUPERSEDED).otherwise(sf.col("_rule")).alias("_rule"),
        sf.when(superseded, reason).otherwise(sf.col("_reason")).alias("_reason"),
    )


def unknown_levels(loaded: DataFrame, contract: Contract) -> dict[str, dict[str, int]]:
    """Levels that the contract does not list, with their rows, for each field that has any; the 20 most frequent."""
    strangers = [
        sf.when(~value.isin(*column.levels), sf.struct(sf.lit(column.field).alias("field"), value.alias("level")))
        for column, value in ((column, sf.col(column.field)) for column in contract.columns)
        if column.levels
    ]
    counts: dict[str, dict[str, int]] = {}
    if strangers:
        found = loaded.select(sf.inline(sf.array_compact(sf.array(*strangers)))).groupBy("field", "level").count()
        for field, level, count in sorted(found.collect(), key=lambda row: (-row["count"], row["field"], row["level"])):
            levels = counts.setdefault(field, {})
            if len(levels) < LEVELS_REPORTED:
                levels[level] = count
    return counts


def summarise(outcomes: DataFrame, sizes: dict[str, int], source_uri: str) -> dict[str, Any]:
    """Counts of the load and of each file, without the unknown levels.

    Raises:
        JobFailedError: an object that was listed has not been read.
    """
    counts = outcomes.where("_outcome != 'file'").groupBy("_outcome", "_rule").count().collect()
    summaries = {row["_file"]: json.loads(row["_raw"]) for row in outcomes.where("_outcome = 'file'").collect()}
    for path, size in sizes.items():
        if size and path not in summaries:
            raise _vanished(path, source_uri)
        # Spark leaves out objects of 0 bytes
        summaries.setdefault(path, {"rows": 0, "problem": "empty file", "missing": [], "extra": []})
    by_outcome = {name: sum(row["count"] for row in counts if row["_outcome"] == name) for name in OUTCOMES}
    return {
        "files": [_file_metrics(path, summaries[path], sizes) for path in sorted(summaries)],
        "input_rows": sum(summary["rows"] for summary in summaries.values()),
        **{f"{name}_rows": by_outcome[name] for name in OUTCOMES},
        "superseded_rows": sum(row["count"] for row in counts if row["_rule"] == SUPERSEDED),
        "missing_columns": sorted({name for summary in summaries.values() for name in summary["missing"]}),
        "extra_columns": sorted({name for summary in summaries.values() for name in summary["extra"]}),
        "reasons": {row["_rule"]: row["count"] for row in counts if row["_outcome"] == "quarantined"},
    }


def _file_metrics(path: str, summary: dict[str, Any], sizes: dict[str, int]) -> dict[str, Any]:
    return {
        "source_file": path,
        "rows": summary["rows"],
        "bytes": sizes.get(path),
        "problem": summary["problem"],
    }


def _vanished(path: str, source_uri: str) -> JobFailedError:
    return JobFailedError(f"{path} under {source_uri} vanished while the job ran; crawl and run the job again")


def read_and_judge(spark: SparkSession, source_uri: str, contract: Contract) -> tuple[DataFrame, dict[str, Any]]:
    """Outcome of every row (cached, so that the source is read once) and the load's counts.

    Raises:
        JobFailedError: there is no CSV object, or one vanished before it was read; the message names it.
    """
    sizes = list_objects(spark, source_uri)
    try:
        outcomes = judge(read_records(spark, source_uri, contract), contract).persist()
        return outcomes, summarise(outcomes, sizes, source_uri)
    except (PySparkException, Py4JJavaError) as error:
        for path in sizes:
            object_path, system = _open(spark, f"{source_uri.rstrip('/')}/{path}")
            if not system.exists(object_path):
                raise _vanished(path, source_uri) from error
        raise


def write_loaded(outcomes: DataFrame, contract: Contract, rows: int, uri: str) -> DataFrame:
    """Writes the loaded rows as Parquet, as few files as their number allows, and returns them."""
    loaded = outcomes.where("_outcome = 'loaded'").select(*contract.fields, sf.col("_file").alias("source_file"))
    loaded.coalesce(1 + rows // ROWS_PER_OUTPUT_FILE).write.mode("overwrite").parquet(uri)
    return loaded


def write_quarantine(outcomes: DataFrame, load_id: str, uri: str) -> None:
    """Writes the quarantined rows as JSON lines: where each one stood, why it is here, and the row itself."""
    outcomes.where("_outcome = 'quarantined'").select(
        sf.lit(load_id).alias("load_id"),
        sf.col("_file").alias("source_file"),
        sf.col("_line").alias("source_line"),
        sf.col("_rule").alias("rule"),
        sf.col("_reason").alias("reason"),
        sf.col("_raw").alias("raw"),
    ).coalesce(1).write.mode("overwrite").json(uri)


def run(spark: SparkSession, args: argparse.Namespace) -> dict[str, Any]:
    """One load: Parquet, quarantine and metrics, written over what an earlier try left. Returns the metrics."""
    contract = parse_contract(read_text(spark, args.CONTRACT_URI))
    outcomes, counts = read_and_judge(spark, args.SOURCE_URI, contract)
    loaded = write_loaded(outcomes, contract, counts["loaded_rows"], args.OUTPUT_URI)
    write_quarantine(outcomes, args.LOAD_ID, args.QUARANTINE_URI)
    metrics = {"load_id": args.LOAD_ID, **counts, "unknown_levels": unknown_levels(loaded, contract)}
    # last, so that metrics stand for a complete load
    write_text(spark, args.METRICS_URI, json.dumps(metrics, ensure_ascii=False, indent=2))
    outcomes.unpersist()
    return metrics


def parse_arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The job's arguments; Glue passes more (--JOB_NAME, --DATABASE, --TABLE …), which are left aside."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    for name in ("SOURCE_URI", "CONTRACT_URI", "LOAD_ID", "OUTPUT_URI", "QUARANTINE_URI", "METRICS_URI"):
        parser.add_argument(f"--{name}", required=True)
    return parser.parse_known_args(argv)[0]


def main() -> None:
    """Runs the job; an exception ends it with an exit status other than 0, which Glue shows as FAILED."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s")
    log.setLevel(logging.INFO)
    args = parse_arguments()
    spark = SparkSession.builder.appName("s3_to_redshift").getOrCreate()
    try:
        metrics = run(spark, args)
    finally:
        spark.stop()
    log.info(
        "load %s: %s rows of %s file(s): %s loaded, %s quarantined, %s duplicates; metrics in %s",
        metrics["load_id"],
        metrics["input_rows"],
        len(metrics["files"]),
        metrics["loaded_rows"],
        metrics["quarantined_rows"],
        metrics["duplicate_rows"],
        args.METRICS_URI,
    )


if __name__ == "__main__":
    main()
