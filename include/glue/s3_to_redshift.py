"""Glue job: types the files below a prefix into Parquet for COPY, and keeps every row that it cannot type.

Runs on Glue 5.0 (Spark 3.5, Python 3.11) with what Glue brings (Spark, boto3, numpy, pyarrow) and the project's own
code as a zip (`--extra-py-files`). What a column is comes from the contract as JSON. A small load is done
without Spark. Of a contract with several sources each is typed so, and then the leads are put together
(`include.glue.sources`), for which the job has the packages of requirements.txt and Spark.

Always: input rows = loaded + quarantined + duplicates + blank. A row is a record, however many lines it takes.
"""

import argparse
import json
import logging
from collections.abc import Sequence
from typing import Any

from include.glue.arguments import parse_arguments
from include.glue.errors import JobFailedError
from include.glue.job_contract import has_sources, parse_contract
from include.glue.loading.metrics import summarise
from include.glue.loading.run import run_load
from include.glue.loading.workers import stop_spark
from include.glue.loading.writing import Target
from include.glue.storage import list_csv_objects, read_text, write_text

ARGUMENTS = (
    "SOURCE_URI",
    "CONTRACT_URI",
    "LOAD_ID",
    "OUTPUT_URI",
    "QUARANTINE_URI",
    "METRICS_URI",
)
PUBLISHED_URI = "PUBLISHED_URI"
"""Argument of a contract with several sources: the object for the counts that the scoring API reads."""

log = logging.getLogger("s3_to_redshift")


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Do one load, over what an earlier try left: Parquet, quarantine and metrics. Returns the metrics.

    Raises:
        JobFailedError: there is no CSV object, or one vanished before it was read; the message names it.
    """
    text = read_text(arguments.CONTRACT_URI)
    if has_sources(text):
        return _run_sources(arguments, text)
    contract = parse_contract(text)
    listing = list_csv_objects(arguments.SOURCE_URI, contract.files.endings)
    target = Target(
        arguments.LOAD_ID, arguments.OUTPUT_URI, arguments.QUARANTINE_URI
    )
    load = run_load(contract, listing.files, target)
    counts = summarise(load, listing, contract)
    return _with_metrics(arguments, counts)


def _run_sources(arguments: argparse.Namespace, text: str) -> dict[str, Any]:
    """Do the load of a contract with several sources, which needs the packages of requirements.txt."""
    from include.glue.sources import load_sources

    target = Target(
        arguments.LOAD_ID, arguments.OUTPUT_URI, arguments.QUARANTINE_URI
    )
    if not arguments.PUBLISHED_URI:
        raise JobFailedError(
            f"the contract has several sources: give --{PUBLISHED_URI} too"
        )
    counts = load_sources(
        text, arguments.SOURCE_URI, target, arguments.PUBLISHED_URI
    )
    return _with_metrics(arguments, counts)


def _with_metrics(
    arguments: argparse.Namespace, counts: dict[str, Any]
) -> dict[str, Any]:
    """Write the metrics, which stand for a complete load, and return them."""
    metrics = {"load_id": arguments.LOAD_ID, **counts}
    write_text(
        arguments.METRICS_URI,
        json.dumps(metrics, ensure_ascii=False, indent=2),
    )
    return metrics


def main(argv: Sequence[str] | None = None) -> None:
    """Run the job; an exception ends it with an exit status other than 0, which Glue shows as FAILED."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s")
    log.setLevel(logging.INFO)
    arguments = parse_arguments(
        __doc__ or "", ARGUMENTS, argv, (PUBLISHED_URI,)
    )
    try:
        metrics = run(arguments)
    finally:
        stop_spark()
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
