"""How long does `score_leads` take for a million leads on Spark, and do the same leads get the same scores without it?

`python -m bench.spark_scoring --json`: synthetic leads as the warehouse would unload them, champions of both stages
(XGBoost) registered in an MLflow of its own, packed, and scored with reasons by the Glue job on local AWS, which runs
Spark on two cores. The time is the job's own, from StartJobRun to its end: Spark's start, S3 in and out, champions
and scoring included. So that memory for making leads is bounded, leads are drawn in blocks of 100,000.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

import boto3
import mlflow
import pandas as pd

from bench._table import last_line, show
from demo.leads.synthetic import synthetic_leads
from include.contract import Contract, KnownAt, decisions_of, load_contract
from include.endpoint.bundle import bundle
from include.features.calibration import Calibration, Decision
from include.glue.code import code_zip
from include.lake.frames import read_parquet, write_parquet
from include.lake.layout import Layout
from include.lake.objects import list_objects, write_bytes, write_json
from include.registry.packaging import log_pipeline
from include.registry.registry import promote, register
from include.registry.tracking import connect
from include.scoring.batch import scores_table
from include.scoring.stages import load_champions
from include.settings import settings
from include.training.pipeline import build_pipeline, deployable
from localaws.server import running

ROWS, BLOCK, SAMPLE, TRAINING_ROWS = 1_000_000, 100_000, 2_000, 9_240
RUN, MOMENT = "bench", datetime(2026, 1, 1, tzinfo=UTC)
DECISION = Decision("f1", 0.4, (("A", 80), ("B", 50), ("C", 20), ("D", 0)))
ENDED = ("SUCCEEDED", "FAILED", "STOPPED", "TIMEOUT")


def leads_of(rows: int, seed: int, contract: Contract) -> pd.DataFrame:
    """Synthetic leads with contract fields as columns, typed as the warehouse types them."""
    drawn = synthetic_leads(rows, seed)
    frame = drawn.rename(
        columns={column.name: column.field for column in contract.columns}
    )[list(contract.fields)]
    frame = frame.mask(frame.isin(contract.null_tokens), None)
    numbers = {
        column.field: pd.to_numeric(frame[column.field])
        for column in contract.columns
        if column.numeric
    }
    whole = {
        column.field: "Int32"
        for column in contract.columns
        if column.type == "integer"
    }
    return frame.assign(**numbers).astype(whole)


def register_champions(contract: Contract) -> None:
    """Trains and promotes an XGBoost model for each stage that scores."""
    leads = leads_of(TRAINING_ROWS, 1, contract)
    outcome = leads[contract.label].astype(int)
    client = connect(settings().mlflow.tracking_uri)
    mlflow.set_experiment(contract.names.experiment)
    for stage in (KnownAt.CONTACT, KnownAt.CAPTURE):
        fitted = build_pipeline(
            decisions_of(settings(), contract), contract, "xgboost", stage
        ).fit(leads, outcome)
        with mlflow.start_run() as run:
            logged = log_pipeline(
                deployable(fitted, Calibration(), DECISION), leads
            )
        model = contract.model_name(stage)
        made = register(
            client,
            model,
            logged.model_uri,
            run.info.run_id,
            {},
            logged.model_id,
        )
        promote(client, model, str(made.version))


def unload(rows: int, layout: Layout) -> None:
    """Open leads as UNLOAD leaves them, half of them contacted already."""
    contract = layout.contract
    late = [
        column.field
        for column in contract.features()
        if column.known_at is KnownAt.CONTACT
    ]
    for block in range(-(-rows // BLOCK)):
        leads = leads_of(
            min(BLOCK, rows - block * BLOCK), 100 + block, contract
        ).assign(**{contract.label: None})
        leads.loc[leads.index % 2 == 0, late] = None
        write_parquet(
            leads, f"{layout.open_leads(RUN)}{block:04d}_part_00.parquet"
        )


def job_arguments(layout: Layout, run: str, moment: datetime) -> dict[str, str]:
    """What `score_leads` passes to the Glue job for one run."""
    return {
        "--OPEN_URI": layout.open_leads(run),
        "--CONTRACT_URI": layout.job_contract,
        "--CHAMPIONS_URI": layout.champions(run),
        "--SCORES_URI": layout.scores(run),
        "--RUN_ID": run,
        "--SCORED_AT": moment.isoformat(),
    }


def score_on_spark(layout: Layout) -> float:
    """Seconds of one run of the Glue job, as bootstrap_platform makes it and score_leads calls it."""
    scripts, glue = files("include.glue"), boto3.client("glue")
    write_bytes(
        layout.scoring_script, (scripts / "score_leads.py").read_bytes()
    )
    write_bytes(layout.job_code, code_zip())
    write_json(layout.job_contract, layout.contract.model_dump(mode="json"))
    command = {
        "Name": "glueetl",
        "ScriptLocation": layout.scoring_script,
        "PythonVersion": "3",
    }
    glue.create_job(
        Name="bench",
        Role=settings().glue.role,
        Command=command,
        GlueVersion="5.0",
    )
    arguments = {"--extra-py-files": layout.job_code} | job_arguments(
        layout, RUN, MOMENT
    )
    started = time.perf_counter()
    run_id = glue.start_job_run(JobName="bench", Arguments=arguments)[
        "JobRunId"
    ]
    while (run := glue.get_job_run(JobName="bench", RunId=run_id)["JobRun"])[
        "JobRunState"
    ] not in ENDED:
        time.sleep(0.2)
    if run["JobRunState"] != "SUCCEEDED":
        raise SystemExit(
            f"the job {run['JobRunState']}: {run.get('ErrorMessage')}"
        )
    return time.perf_counter() - started


def largest_difference(layout: Layout) -> float:
    """Between the probabilities that Spark and one process give the first leads of the first block."""
    contract = layout.contract
    first = sorted(list_objects(layout.open_leads(RUN)))[0]
    leads = read_parquet(first).head(SAMPLE)
    alone = scores_table(
        load_champions(settings(), contract), leads, RUN, MOMENT
    )
    alone = alone.set_index(contract.key)["probability"]
    spark = pd.concat(
        [
            read_parquet(part)
            for part in list_objects(layout.scores(RUN))
            if part.endswith(".parquet")
        ]
    )
    return float(
        (
            spark.set_index(contract.key)["probability"].reindex(alone.index)
            - alone
        )
        .abs()
        .max()
    )


@contextmanager
def surroundings() -> Iterator[Layout]:
    """A local AWS and an MLflow store of their own."""
    with (
        tempfile.TemporaryDirectory() as folder,
        running(data_dir=Path(folder, "aws")) as endpoint,
    ):
        os.environ |= {
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_DEFAULT_REGION": settings().region,
            "MLFLOW_TRACKING_URI": f"sqlite:///{folder}/mlflow.db",
            "OMP_NUM_THREADS": "1",
        }
        settings.cache_clear()
        before = Path.cwd()
        os.chdir(folder)  # MLflow's artifacts go below the working directory
        try:
            yield Layout(settings(), load_contract(settings().contract))
        finally:
            os.chdir(before)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument(
        "--json",
        action="store_true",
        help="end with one JSON object on the last line",
    )
    arguments = parser.parse_args()
    with surroundings() as layout:
        register_champions(layout.contract)
        bundle(settings(), layout.contract, layout.champions(RUN))
        unload(arguments.rows, layout)
        seconds = score_on_spark(layout)
        difference = largest_difference(layout)
    rate = arguments.rows / seconds
    show(
        "Batch scoring on Spark, two cores, with reasons",
        (
            "leads",
            "seconds",
            "leads/s",
            f"largest difference over {SAMPLE:,} leads",
        ),
        [
            (
                f"{arguments.rows:,}",
                f"{seconds:.1f}",
                f"{rate:,.0f}",
                f"{difference:.1e}",
            )
        ],
    )
    name = "spark_1m_seconds" if arguments.rows == ROWS else "spark_seconds"
    last_line(
        {
            name: round(seconds, 1),
            "leads": arguments.rows,
            "difference": difference,
        },
        arguments.json,
    )


if __name__ == "__main__":
    main()
