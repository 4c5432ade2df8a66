"""Glue job: scores the open leads below a prefix, as `include.scoring.batch` does in one process, on Spark.

Runs on Glue 5.0 (Spark 3.5, Python 3.11) with the packages of requirements.txt (`--additional-python-modules`) and the
project's own code as a zip (`--extra-py-files`). The driver fetches the champions once and Spark hands them to its
executors, where each Python process loads them once. Rows come out with the columns, types and values of
`include.scoring.batch`, so that the same COPY loads them.
"""

import argparse
import json
import logging
from datetime import datetime
from functools import partial

from py4j.protocol import Py4JJavaError
from pyspark.sql import SparkSession
from pyspark.sql.pandas.types import from_arrow_schema

from include.contract import Contract, parse_contract
from include.glue.arguments import parse_arguments
from include.glue.errors import ChampionsMissingError
from include.scoring.batch import CHUNK
from include.scoring.score_row import scores_schema
from include.scoring.spark import score_chunks

BYTES_PER_TASK = 8 * 1024 * 1024
"""Scoring costs time, not reading: small tasks keep every core busy to the end."""
ARGUMENTS = (
    "OPEN_URI",
    "CONTRACT_URI",
    "CHAMPIONS_URI",
    "SCORES_URI",
    "RUN_ID",
    "SCORED_AT",
)
OPTIONAL = ("FURTHER",)
"""JSON list of the further outcomes to score: of each its name, the folder of its open leads and that of its scores."""

log = logging.getLogger("score_leads")


def read_contract(spark: SparkSession, uri: str) -> Contract:
    """Return the contract from its JSON, as `bootstrap_platform` uploads it."""
    row = spark.read.text(uri, wholetext=True).first()
    content = json.loads(row["value"]) if row else {}
    return parse_contract(content, uri)


def fetch_champions(spark: SparkSession, uri: str) -> None:
    """Fetch the archive to the driver, once, from where every executor gets it. Raises ChampionsMissingError."""
    try:
        spark.sparkContext.addFile(uri)
    except Py4JJavaError as error:
        reason = str(error.java_exception.getMessage())
        raise ChampionsMissingError(
            f"{uri} cannot be fetched ({reason}); clear pack_champions and run it again"
        ) from error


def run(spark: SparkSession, arguments: argparse.Namespace) -> None:
    """Score every lead for every outcome and write Parquet over what an earlier try left."""
    spark.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", CHUNK)
    spark.conf.set("spark.sql.files.maxPartitionBytes", BYTES_PER_TASK)
    # COPY reads moments as INT96 (see include.lake.frames), and the score's moment is in UTC.
    spark.conf.set("spark.sql.session.timeZone", "UTC")
    spark.conf.set("spark.sql.parquet.outputTimestampType", "INT96")
    contract = read_contract(spark, arguments.CONTRACT_URI)
    fetch_champions(spark, arguments.CHAMPIONS_URI)
    _score_outcome(
        spark, arguments, contract, arguments.OPEN_URI, arguments.SCORES_URI
    )
    for outcome, open_uri, scores_uri in json.loads(arguments.FURTHER or "[]"):
        view = contract.for_outcome(outcome)
        _score_outcome(spark, arguments, view, open_uri, scores_uri)


def _score_outcome(
    spark: SparkSession,
    arguments: argparse.Namespace,
    contract: Contract,
    open_uri: str,
    scores_uri: str,
) -> None:
    """Score the open leads of one outcome.

    Args:
        spark: the session.
        arguments: of the job.
        contract: as the outcome sees it.
        open_uri: folder of its open leads.
        scores_uri: folder of its scores.
    """
    score = partial(
        score_chunks,
        archive=arguments.CHAMPIONS_URI.rsplit("/", 1)[-1],
        contract=contract.model_dump_json(),
        run_id=arguments.RUN_ID,
        scored_at=datetime.fromisoformat(arguments.SCORED_AT),
    )
    leads = spark.read.parquet(open_uri)
    lead_fields = [field for field in contract.fields if field in leads.columns]
    schema = from_arrow_schema(scores_schema(contract))
    scores = leads.select(*lead_fields).mapInPandas(score, schema)
    scores.write.mode("overwrite").parquet(scores_uri)


def main() -> None:
    """Run the job; an exception ends it with an exit status other than 0, which Glue shows as FAILED."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s")
    log.setLevel(logging.INFO)
    arguments = parse_arguments(__doc__ or "", ARGUMENTS, optional=OPTIONAL)
    spark = SparkSession.builder.appName("score_leads").getOrCreate()
    try:
        run(spark, arguments)
    finally:
        spark.stop()
    log.info(
        "run %s: the leads of %s are scored in %s",
        arguments.RUN_ID,
        arguments.OPEN_URI,
        arguments.SCORES_URI,
    )


if __name__ == "__main__":
    main()
