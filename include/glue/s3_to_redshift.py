"""Glue job: types the CSV files below a prefix into Parquet for COPY, and keeps every row that it cannot type.

Runs on Glue 5.0 (Spark 3.5, Python 3.11) with nothing but Spark and the project's own code as a zip
(`--extra-py-files`). What a column is comes from the contract as JSON.

Always: input rows = loaded + quarantined + duplicates + blank. A row is a record, however many lines it takes.
"""

import argparse
import json
import logging
from collections.abc import Sequence
from typing import Any

from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession

from include.glue.arguments import parse_arguments
from include.glue.job_contract import JobContract, parse_contract
from include.glue.metrics import summarise, unknown_levels, vanished
from include.glue.outcomes import decide_outcomes, read_records
from include.glue.storage import (
    exists,
    list_csv_objects,
    object_uri,
    read_text,
    write_text,
)
from include.glue.writing import write_loaded, write_quarantine

ARGUMENTS = (
    "SOURCE_URI",
    "CONTRACT_URI",
    "LOAD_ID",
    "OUTPUT_URI",
    "QUARANTINE_URI",
    "METRICS_URI",
)

log = logging.getLogger("s3_to_redshift")


def read_outcomes(
    spark: SparkSession, source_uri: str, contract: JobContract
) -> tuple[DataFrame, dict[str, Any]]:
    """Return the outcome of every row (cached, so that the source is read once) and the load's counts.

    Raises:
        JobFailedError: there is no CSV object, or one vanished before it was read; the message names it.
    """
    listing = list_csv_objects(spark, source_uri)
    try:
        records = read_records(spark, source_uri, contract, listing.sizes)
        outcomes = decide_outcomes(records, contract).persist()
        counts = summarise(outcomes, listing, source_uri, contract)
        return outcomes, counts
    except (PySparkException, Py4JJavaError) as error:
        for path in listing.sizes:
            if not exists(spark, object_uri(source_uri, path)):
                raise vanished(path, source_uri) from error
        raise


def run(spark: SparkSession, arguments: argparse.Namespace) -> dict[str, Any]:
    """Do one load, over what an earlier try left: Parquet, quarantine and metrics. Returns the metrics."""
    contract = parse_contract(read_text(spark, arguments.CONTRACT_URI))
    outcomes, counts = read_outcomes(spark, arguments.SOURCE_URI, contract)
    loaded = write_loaded(
        outcomes, contract, counts["loaded_rows"], arguments.OUTPUT_URI
    )
    write_quarantine(outcomes, arguments.LOAD_ID, arguments.QUARANTINE_URI)
    levels = unknown_levels(loaded, contract)
    metrics = {"load_id": arguments.LOAD_ID, **counts, "unknown_levels": levels}
    # last, so that metrics stand for a complete load
    write_text(
        spark,
        arguments.METRICS_URI,
        json.dumps(metrics, ensure_ascii=False, indent=2),
    )
    outcomes.unpersist()
    return metrics


def main(argv: Sequence[str] | None = None) -> None:
    """Run the job; an exception ends it with an exit status other than 0, which Glue shows as FAILED."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s")
    log.setLevel(logging.INFO)
    arguments = parse_arguments(__doc__ or "", ARGUMENTS, argv)
    spark = SparkSession.builder.appName("s3_to_redshift").getOrCreate()
    try:
        metrics = run(spark, arguments)
    finally:
        spark.stop()
    log.info(
        "load %s: %s rows of %s file(s): %s loaded, %s quarantined, %s duplicates, %s blank; metrics in %s",
        metrics["load_id"],
        metrics["input_rows"],
        len(metrics["files"]),
        metrics["loaded_rows"],
        metrics["quarantined_rows"],
        metrics["duplicate_rows"],
        metrics["blank_rows"],
        arguments.METRICS_URI,
    )


if __name__ == "__main__":
    main()
