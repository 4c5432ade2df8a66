"""Glue job: types the files below a prefix into Parquet for COPY, and keeps every row that it cannot type.

Runs on Glue 5.0 (Spark 3.5, Python 3.11) with what Glue brings (Spark, boto3, numpy, pyarrow) and the project's own
code as a zip (`--extra-py-files`). What a column is comes from the contract as JSON. A small load is done
without Spark.

Always: input rows = loaded + quarantined + duplicates + blank. A row is a record, however many lines it takes.
"""

import argparse
import json
import logging
from collections.abc import Sequence
from typing import Any

from include.glue.arguments import parse_arguments
from include.glue.job_contract import parse_contract
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

log = logging.getLogger("s3_to_redshift")


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Do one load, over what an earlier try left: Parquet, quarantine and metrics. Returns the metrics.

    Raises:
        JobFailedError: there is no CSV object, or one vanished before it was read; the message names it.
    """
    contract = parse_contract(read_text(arguments.CONTRACT_URI))
    listing = list_csv_objects(arguments.SOURCE_URI, contract.files.endings)
    target = Target(
        arguments.LOAD_ID, arguments.OUTPUT_URI, arguments.QUARANTINE_URI
    )
    load = run_load(contract, listing.files, target)
    counts = summarise(load, listing, contract)
    metrics = {"load_id": arguments.LOAD_ID, **counts}
    # last, so that metrics stand for a complete load
    write_text(
        arguments.METRICS_URI,
        json.dumps(metrics, ensure_ascii=False, indent=2),
    )
    return metrics


def main(argv: Sequence[str] | None = None) -> None:
    """Run the job; an exception ends it with an exit status other than 0, which Glue shows as FAILED."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s")
    log.setLevel(logging.INFO)
    arguments = parse_arguments(__doc__ or "", ARGUMENTS, argv)
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
