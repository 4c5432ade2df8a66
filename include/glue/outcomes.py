"""Reads the records of every file with Spark and decides what becomes of each row.

Each file is read whole (`binaryFile`) and split by Python's csv module in a Spark transformation: Spark's own CSV
reader knows neither a row's source line nor what a broken row looked like. The price: a file is handled by one task,
which holds it in memory, and may have 2 GB at most. Many files run side by side.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any

from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as sf

from include.glue.csv_records import parse_file
from include.glue.job_contract import JobContract
from include.glue.storage import literal, object_uri, relative_path

SUPERSEDED = "superseded by a later row with the same key"
RECORD_COLUMNS = "_kind string, _rule string, _reason string, _line int, _raw string, _file string, _changed bigint"


def read_records(
    spark: SparkSession,
    source_uri: str,
    contract: JobContract,
    paths: Iterable[str],
) -> DataFrame:
    """Return one line per source row and one per file: the contract's fields, then RECORD_COLUMNS.

    Lazy: nothing is read before the frame is used. `_changed` is the file's modification time in milliseconds.

    Args:
        spark: session that reads.
        source_uri: folder of the files.
        contract: what a row is.
        paths: of the files, seen from the folder.
    """
    uris = [literal(object_uri(source_uri, path)) for path in paths]
    files = (
        spark.read.format("binaryFile")
        .load(uris)
        .select("path", sf.expr("unix_millis(modificationTime)"), "content")
    )
    fields = ", ".join(
        f"{column.field} {column.spark_type}" for column in contract.columns
    )
    rows = files.rdd.flatMap(
        partial(_records_of_file, source_uri=source_uri, contract=contract)
    )
    return spark.createDataFrame(
        rows, f"{fields}, {RECORD_COLUMNS}", verifySchema=False
    )


def _records_of_file(
    file: Sequence[Any], source_uri: str, contract: JobContract
) -> Iterator[tuple[Any, ...]]:
    """Yield the lines of `read_records` for one file; runs on the executors."""
    path, changed, content = file
    source_file = relative_path(path, source_uri)
    no_values = (None,) * len(contract.columns)
    for record in parse_file(contract, bytes(content)):
        values = record.values or no_values
        yield (
            *values,
            record.kind,
            record.rule,
            record.reason,
            record.line,
            record.raw,
            source_file,
            changed,
        )


def decide_outcomes(records: DataFrame, contract: JobContract) -> DataFrame:
    """Return the records with `_outcome`: loaded, duplicate, quarantined, or file for the summaries.

    Of the rows with one key the one changed last is loaded: by the contract's `changed_at` if it has one, then by the
    file's modification time, by path and by line. Equal rows are duplicates, different ones are superseded and go to
    quarantine.
    """
    is_row = sf.col("_kind") == "row"
    ranked = _rank_rows_of_a_key(records, contract)
    superseded = is_row & (sf.col("_rank") > 1) & ~sf.col("_same")
    outcome = (
        sf.when(sf.col("_kind") == "file", "file")
        .when(~is_row | superseded, "quarantined")
        .when(sf.col("_rank") > 1, "duplicate")
        .otherwise("loaded")
    )
    reason = sf.concat(sf.lit("superseded by "), "_winner")
    return ranked.select(
        *contract.fields,
        "_file",
        "_line",
        "_raw",
        (is_row & sf.col("_changed_in_file")).alias("_changed_in_file"),
        "_changed",
        outcome.alias("_outcome"),
        sf.when(superseded, SUPERSEDED)
        .otherwise(sf.col("_rule"))
        .alias("_rule"),
        sf.when(superseded, reason)
        .otherwise(sf.col("_reason"))
        .alias("_reason"),
    )


def _rank_rows_of_a_key(records: DataFrame, contract: JobContract) -> DataFrame:
    """Return the records with `_rank` among the rows of their key, 1 for the newest.

    `_winner` says where the newest row stands, `_same` whether this row has the same values, `_changed_in_file`
    whether the next newer row of the same file has other values. What is no row has a key of its own.
    """
    place = sf.concat_ws(" line ", "_file", "_line")
    identity = sf.when(
        sf.col("_kind") == "row", sf.col(contract.key)
    ).otherwise(place)
    order = ["_changed", "_file", "_line"]
    if contract.changed_at is not None:
        order.insert(0, contract.changed_at)
    newest_first = Window.partitionBy("_kind", "_identity").orderBy(
        *[sf.desc(column) for column in order]
    )
    values = sf.struct(*contract.fields)
    return records.withColumn("_identity", identity).select(
        "*",
        sf.row_number().over(newest_first).alias("_rank"),
        values.eqNullSafe(sf.first(values).over(newest_first)).alias("_same"),
        sf.first(place).over(newest_first).alias("_winner"),
        (
            sf.lag("_file").over(newest_first).eqNullSafe(sf.col("_file"))
            & ~values.eqNullSafe(sf.lag(values).over(newest_first))
        ).alias("_changed_in_file"),
    )
