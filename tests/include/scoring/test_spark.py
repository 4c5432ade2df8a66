"""Scoring on Spark: the Glue job on local AWS beside the way without Spark, and its models under Glue's own Python."""

import json
import subprocess
import time
import uuid
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

import boto3
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bench.spark_scoring import job_arguments
from include.contract import KnownAt
from include.decisions import Decisions
from include.endpoint.bundle import bundle
from include.features.calibration import Calibration, Decision
from include.glue.code import code_zip
from include.lake.frames import parquet_parts, read_parquet, write_parquet
from include.lake.objects import download_file, write_bytes, write_json
from include.scoring.batch import score_batch
from include.scoring.score_row import scores_schema
from include.settings import settings
from include.training.pipeline import build_pipeline, deployable
from include.warehouse.client import Warehouse
from localaws.glue.spark_env import spark_environment
from tests.fixtures.environments import run_quietly

ROOT = Path(__file__).parents[3]
MOMENT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
RUN = "score_leads__a-run"
CHAMPIONS = [
    ("logistic_regression", "xgboost", {}),
    ("xgboost", "lightgbm", {}),
    ("random_forest", "decision_tree", {}),
    ("xgboost", "xgboost", {"encode__levels": "native"}),
]
"""Family of the contact and of the capture stage, and parameters."""
DECISION = Decision("f1", 0.4, (("A", 70), ("B", 40), ("C", 20), ("D", 0)))


@pytest.fixture
def open_leads(layout, mixed):
    """Leads in several files, as UNLOAD leaves them: whole numbers with and without gaps, an empty column."""
    folder = layout.open_leads(RUN)
    for part, rows in enumerate(
        (mixed[:250].assign(visits=1), mixed[250:].assign(region=None))
    ):
        types = {"visits": "Int32", "number": "int32", "region": "string"}
        write_parquet(
            rows.assign(won=None).astype(types),
            f"{folder}000{part}_part_00.parquet",
        )
    return folder


@pytest.fixture
def champions(registered, contract, accounts):
    """Trains, registers and promotes both stages' champions."""

    def promote(contact: str, capture: str, **params: object) -> None:
        for stage, family in (
            (KnownAt.CONTACT, contact),
            (KnownAt.CAPTURE, capture),
        ):
            unfitted = build_pipeline(
                Decisions(), contract, family, stage, params
            )
            fitted = unfitted.fit(accounts, accounts[contract.label])
            registered(
                deployable(
                    fitted, Calibration("sigmoid", (0.8, 0.8), 0.1), DECISION
                ),
                stage,
            )

    return promote


@pytest.fixture
def spark_job(layout, contract):
    """Runs the Glue job as bootstrap_platform makes it; returns the run's description once it has ended."""
    scripts = files("include.glue")
    write_bytes(
        layout.scoring_script, (scripts / "score_leads.py").read_bytes()
    )
    write_bytes(
        layout.scoring_requirements, (scripts / "requirements.txt").read_bytes()
    )
    write_bytes(layout.job_code, code_zip())
    write_json(layout.job_contract, contract.model_dump(mode="json"))
    glue, name = boto3.client("glue"), f"scoring-{uuid.uuid4().hex[:8]}"
    glue.create_job(
        Name=name,
        Role="glueaccessrole",
        GlueVersion="5.0",
        Command={
            "Name": "glueetl",
            "ScriptLocation": layout.scoring_script,
            "PythonVersion": "3",
        },
        DefaultArguments={
            "--extra-py-files": layout.job_code,
            "--additional-python-modules": layout.scoring_requirements,
            "--python-modules-installer-option": "-r",
        },
    )

    def run(**changes: str) -> dict[str, object]:
        arguments = job_arguments(layout, RUN, MOMENT) | changes
        run_id = glue.start_job_run(JobName=name, Arguments=arguments)[
            "JobRunId"
        ]
        deadline = time.monotonic() + 300
        while time.monotonic() < deadline:
            described = glue.get_job_run(JobName=name, RunId=run_id)["JobRun"]
            if described["JobRunState"] in (
                "SUCCEEDED",
                "FAILED",
                "STOPPED",
                "TIMEOUT",
            ):
                return described
            time.sleep(0.3)
        raise TimeoutError(run_id)

    return run


def by_key(scores: pd.DataFrame, contract) -> pd.DataFrame:
    return scores.sort_values(contract.key, ignore_index=True)


def test_spark_writes_the_rows_that_one_process_writes(
    statements, champions, open_leads, layout, contract, spark_job, tmp_path
):
    champions("logistic_regression", "xgboost")
    packed = bundle(settings(), contract, layout.champions(RUN))["versions"]
    done = spark_job()
    assert done["JobRunState"] == "SUCCEEDED", done.get("ErrorMessage")
    spark = read_parquet(layout.scores(RUN))
    download_file(
        parquet_parts(layout.scores(RUN))[0], tmp_path / "part.parquet"
    )
    moment = scores_schema(contract).get_field_index("scored_at")
    as_int96 = pa.field("scored_at", pa.timestamp("ns"))
    assert pq.read_schema(
        tmp_path / "part.parquet"
    ).remove_metadata() == scores_schema(contract).set(moment, as_int96)

    copy = [
        statements.render("create_scores"),
        statements.render("clear_scores", run_id=RUN),
        statements.render("copy_scores", run_id=RUN),
    ]
    Warehouse(settings()).transaction(copy)
    loaded = Warehouse(settings()).query(
        f"SELECT COUNT(*) AS rows FROM public.{contract.names.scores_table}"
    )
    assert loaded == [{"rows": 600}]

    versions = score_batch(
        settings(), contract, open_leads, layout.scores(RUN), RUN, MOMENT
    )["model_versions"]
    assert (
        "-".join(f"{stage}-{version}" for stage, version in versions.items())
        == packed
    )
    alone = read_parquet(
        layout.scores(RUN)
    )  # which has replaced what Spark left in the same folder
    pd.testing.assert_frame_equal(
        by_key(spark, contract), by_key(alone, contract), check_exact=True
    )
    assert len(alone) == 600


def test_each_outcome_is_scored_by_the_job_as_by_one_process(
    registered, open_leads, layout, three, spark_job
):
    registered()
    registered(name="kept-model")
    packed = bundle(settings(), three, layout.champions(RUN))
    assert list(packed["outcomes"]) == ["kept"]
    write_json(layout.job_contract, three.model_dump(mode="json"))
    kept = three.for_outcome("kept")
    folder = layout.scores(f"{RUN}-kept")
    done = spark_job(
        **{"--FURTHER": json.dumps([["kept", open_leads, folder]])}
    )
    assert done["JobRunState"] == "SUCCEEDED", done.get("ErrorMessage")
    assert len(read_parquet(layout.scores(RUN))) == 600
    spark = read_parquet(folder)
    score_batch(settings(), kept, open_leads, folder, RUN, MOMENT)
    alone = read_parquet(folder)
    pd.testing.assert_frame_equal(by_key(spark, kept), by_key(alone, kept))


def test_champions_that_are_not_there_fail_the_job_and_leave_no_scores(
    open_leads, layout, spark_job
):
    done = spark_job(**{"--CHAMPIONS_URI": layout.champions("never-packed")})
    assert done["JobRunState"] == "FAILED"
    assert "model.tar.gz" in str(done["ErrorMessage"])


ON_GLUE = """
import sys, types
from datetime import datetime
from pathlib import Path
sys.path.insert(0, sys.argv[1])
sys.modules["pyspark"] = types.SimpleNamespace(SparkFiles=None)  # Glue brings Spark, this environment need not
import pandas as pd
from include.scoring.batch import scores_table
from include.scoring.spark import champions
contract, leads = Path(sys.argv[2]).read_text(), pd.read_parquet(sys.argv[3])
for archive in sys.argv[4:]:
    scores = scores_table(champions(archive, contract), leads, "r", datetime(2026, 1, 1))
    scores.to_parquet(f"{archive}.parquet")
print(*sys.version_info[:2], sys.modules["include"].__file__)
"""


@pytest.fixture
def glue_python(clean_environment) -> Path:
    """Interpreter of an environment as the job finds it on Glue 5.0: Python 3.11 and the job's requirements."""
    return clean_environment(
        ROOT / "include/glue/requirements.txt", python="3.11"
    )


@pytest.mark.slow
def test_the_job_gives_the_same_rows_on_glues_own_spark_and_python(
    champions,
    contract,
    clean_environment,
    open_leads,
    layout,
    tmp_path,
):
    """Spark 3.5.4, Python 3.11, the job's packages: rows pass through Arrow as they do on Glue."""
    champions("xgboost", "lightgbm")
    bundle(settings(), contract, layout.champions(RUN))
    score_batch(
        settings(), contract, open_leads, layout.scores(RUN), RUN, MOMENT
    )
    (tmp_path / "open").mkdir()
    for number, uri in enumerate(parquet_parts(open_leads)):
        download_file(uri, tmp_path / "open" / f"{number}.parquet")
    download_file(layout.champions(RUN), tmp_path / "model.tar.gz")
    (tmp_path / "include.zip").write_bytes(code_zip())
    (tmp_path / "contract.json").write_text(contract.model_dump_json())
    interpreter = clean_environment(
        ROOT / "include/glue/requirements.txt",
        ROOT / "tests/include/glue/spark.txt",
        python="3.11",
    )
    here = f"file://{tmp_path}"
    given = {
        "--OPEN_URI": f"{here}/open/",
        "--CONTRACT_URI": f"{here}/contract.json",
        "--CHAMPIONS_URI": f"{here}/model.tar.gz",
        "--SCORES_URI": f"{here}/scores/",
        "--RUN_ID": RUN,
        "--SCORED_AT": MOMENT.isoformat(),
    }
    spark = spark_environment(tmp_path, [str(tmp_path / "include.zip")])
    python = {
        name: str(interpreter)
        for name in ("PYSPARK_PYTHON", "PYSPARK_DRIVER_PYTHON")
    }
    done = subprocess.run(
        [
            str(interpreter),
            str(ROOT / "include/glue/score_leads.py"),
            *(part for pair in given.items() for part in pair),
        ],
        env=spark | python,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    there = by_key(pd.read_parquet(tmp_path / "scores"), contract)
    expected = by_key(read_parquet(layout.scores(RUN)), contract)
    np.testing.assert_allclose(
        there["probability"], expected["probability"], rtol=0, atol=1e-12
    )
    same = ["score", "prediction", "tier", "stage", "model_version"]
    pd.testing.assert_frame_equal(
        there[same], expected[same], check_dtype=False
    )
    assert (
        there["reasons"].map(texts).tolist()
        == expected["reasons"].map(texts).tolist()
    )


def test_registered_models_give_the_same_scores_and_reasons_under_glues_python(
    champions, contract, glue_python, layout, mixed, tmp_path
):
    (tmp_path / "include.zip").write_bytes(code_zip())
    (tmp_path / "contract.json").write_text(contract.model_dump_json())
    mixed.assign(won=None).to_parquet(tmp_path / "leads.parquet")
    write_parquet(
        mixed.assign(won=None), f"{layout.open_leads(RUN)}0000_part_00.parquet"
    )
    here, archives = [], []
    for number, (contact, capture, params) in enumerate(CHAMPIONS):
        champions(contact, capture, **params)
        bundle(settings(), contract, layout.champions(f"b{number}"))
        archives.append(tmp_path / f"b{number}.tar.gz")
        download_file(layout.champions(f"b{number}"), archives[-1])
        score_batch(
            settings(),
            contract,
            layout.open_leads(RUN),
            layout.scores(f"b{number}"),
            RUN,
            MOMENT,
        )
        here.append(read_parquet(layout.scores(f"b{number}")))
    files_given = (
        *(
            tmp_path / name
            for name in ("include.zip", "contract.json", "leads.parquet")
        ),
        *archives,
    )
    told = run_quietly(
        str(glue_python), "-I", "-c", ON_GLUE, *map(str, files_given)
    )
    assert (
        told.splitlines()[-1]
        == f"3 11 {tmp_path}/include.zip/include/__init__.py"
    )
    for expected, archive in zip(here, archives, strict=True):
        there = pd.read_parquet(f"{archive}.parquet")
        np.testing.assert_allclose(
            there["probability"], expected["probability"], rtol=0, atol=1e-12
        )
        same = ["score", "prediction", "tier", "stage", "model_version"]
        assert (
            there[same].to_numpy().tolist()
            == expected[same].to_numpy().tolist()
        )
        assert (
            there["reasons"].map(texts).tolist()
            == expected["reasons"].map(texts).tolist()
        )


def texts(reasons: str) -> list[str]:
    return [reason["text"] for reason in json.loads(reasons)]
