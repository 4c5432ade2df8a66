"""Glue job: scores the open leads below a prefix, as `include.scoring.batch` does in one process, on Spark.

Runs on Glue 5.0 (Spark 3.5, Python 3.11) with the packages of requirements.txt (`--additional-python-modules`) and the
project's own code as a zip (`--extra-py-files`). The driver fetches the champions once and Spark hands them to its
executors, where each Python process loads them once. Rows come out with the columns, types and values of
`include.scoring.batch`, so that the same COPY loads them.
"""

import argparse
import json
import logging
from collections.abc import Sequence
from datetime import datetime
from functools import partial

from py4j.protocol import Py4JJavaError
from pyspark.sql import SparkSession
from pyspark.sql.pandas.types import from_arrow_schema

from include.contract import Contract, parse_contract
from include.scoring.batch import CHUNK, scores_schema
from include.scoring.spark import score_chunks

BYTES_PER_TASK = 8 * 1024 * 1024
"""Scoring costs time, not reading: small tasks keep every core busy to the end."""


class ChampionsMissingError(RuntimeError):
    """The job has no champions to score with."""


log = logging.getLogger("score_leads")


def read_contract(spark: SparkSession, uri: str) -> Contract:
    """The contract from its JSON, as `bootstrap_platform` uploads it."""
    text = spark.read.text(uri, wholetext=True).first()
    return parse_contract(json.loads(text["value"] if text else "{}"), uri)


def fetch_champions(spark: SparkSession, uri: str) -> None:
    """Brings the archive to the driver, once, from where every executor gets it. Raises ChampionsMissingError."""
    try:
        spark.sparkContext.addFile(uri)
    except Py4JJavaError as error:
        reason = str(error.java_exception.getMessage())
        raise ChampionsMissingError(
            f"{uri} cannot be fetched ({reason}); clear pack_champions and run it again"
        ) from error


def run(spark: SparkSession, args: argparse.Namespace) -> None:
    """Scores every lead and writes Parquet over what an earlier try left."""
    spark.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", CHUNK)
    spark.conf.set("spark.sql.files.maxPartitionBytes", BYTES_PER_TASK)
    contract = read_contract(spark, args.CONTRACT_URI)
    fetch_champions(spark, args.CHAMPIONS_URI)
    score = partial(
        score_chunks,
        archive=args.CHAMPIONS_URI.rsplit("/", 1)[-1],
        contract=contract.model_dump_json(),
        run_id=args.RUN_ID,
        scored_at=datetime.fromisoformat(args.SCORED_AT),
    )
    leads = spark.read.parquet(args.OPEN_URI)
    known = leads.select(*(field for field in contract.fields if field in leads.columns))
    schema = from_arrow_schema(scores_schema(contract), prefer_timestamp_ntz=True)
    known.mapInPandas(score, schema).write.mode("overwrite").parquet(args.SCORES_URI)


def parse_arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The job's arguments; Glue passes more (--JOB_NAME, --enable-metrics …), which are left aside."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    for name in ("OPEN_URI", "CONTRACT_URI", "CHAMPIONS_URI", "SCORES_URI", "RUN_ID", "SCORED_AT"):
        parser.add_argument(f"--{name}", required=True)
    return parser.parse_known_args(argv)[0]


def main() -> None:
    """Runs the job; an exception ends it with an exit status other than 0, which Glue shows as FAILED."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s")
    log.setLevel(logging.INFO)
    args = parse_arguments()
    spark = SparkSession.builder.appName("score_leads").getOrCreate()
    try:
        run(spark, args)
    finally:
        spark.stop()
    log.info("run %s: the leads of %s are scored in %s", args.RUN_ID, args.OPEN_URI, args.SCORES_URI)


if __name__ == "__main__":
    main()
