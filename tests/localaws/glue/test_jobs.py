"""Job runs against plain boto3 calls. Most scripts are plain Python: the runner does not ask what a script imports."""

# ruff: noqa: S608 - the tests name their own tables

import json
import time

import pytest

from localaws.account import Account
from localaws.glue.jobs import LocalJobRun
from localaws.runtime import Runtime

SPARK = """
import sys
from pyspark.sql import SparkSession

arguments = dict(zip(sys.argv[1::2], sys.argv[2::2]))
spark = SparkSession.builder.appName(arguments["--JOB_NAME"]).getOrCreate()
rows = spark.read.option("header", True).csv(arguments["--SOURCE"])
print("read", rows.count(), "rows")
rows.selectExpr("cast(a as int) as a", "b").coalesce(1).write.mode("overwrite").parquet(arguments["--OUTPUT"])
"""
COPY_FOLDER = """
import sys
from pathlib import Path

arguments = dict(zip(sys.argv[1::2], sys.argv[2::2]))
folder = Path(arguments["--FOLDER"].removeprefix("file://"))
(folder / "new").mkdir()
(folder / "new" / "copy.txt").write_text((folder / "in.txt").read_text().upper())
(folder / "old.txt").unlink()
Path(arguments["--METRICS"].removeprefix("file://")).write_text("{}")
"""
ECHO = "import json, sys; print(json.dumps(sys.argv[1:]))"
SLEEP = "import time, pathlib; print('asleep', flush=True); time.sleep(60)"


def output(client, run_id: str, group: str = "output") -> list[str]:
    pages = (
        client("logs")
        .get_paginator("filter_log_events")
        .paginate(
            logGroupName=f"/aws-glue/jobs/{group}", logStreamNames=[run_id]
        )
    )
    return [event["message"] for page in pages for event in page["events"]]


def test_a_spark_script_reads_csv_from_s3_and_writes_parquet_that_the_warehouse_loads(
    jobs, client, warehouse, table
):
    source, target = (
        jobs.put("in/x.csv", "a,b\n1,x\n2,y\n").removesuffix("x.csv"),
        jobs.uri("out/load=1/"),
    )
    jobs.create(SPARK, DefaultArguments={"--SOURCE": source})
    run = jobs.wait(jobs.start(OUTPUT=target))
    assert run["JobRunState"] == "SUCCEEDED", run.get("ErrorMessage")
    assert run["ExecutionTime"] >= 1
    assert output(client, run["Id"]) == ["read 2 rows"]
    assert not [key for key in jobs.keys("out/") if key.endswith(".crc")]
    warehouse.ok(
        f"CREATE TABLE {table} (a INTEGER, b VARCHAR(5))",
        f"COPY {table} FROM '{target}' IAM_ROLE default FORMAT AS PARQUET",
    )
    assert warehouse.rows(f"SELECT a, b FROM {table} ORDER BY a") == [
        [1, "x"],
        [2, "y"],
    ]


def test_a_spark_failure_is_reported_with_its_exception(jobs, client):
    jobs.create(SPARK)
    run = jobs.wait(
        jobs.start(SOURCE=jobs.uri("absent/"), OUTPUT=jobs.uri("out/"))
    )
    assert run["JobRunState"] == "FAILED"
    assert "AnalysisException" in run["ErrorMessage"]
    assert "PATH_NOT_FOUND" in run["ErrorMessage"]
    assert any(
        "Traceback" in line for line in output(client, run["Id"], "error")
    )


def test_arguments_come_in_glues_convention_with_the_calls_over_the_jobs(
    jobs, client
):
    jobs.create(ECHO, DefaultArguments={"--a": "default", "--b": "default"})
    run = jobs.wait(jobs.start(b="given"))
    arguments = json.loads(output(client, run["Id"])[0])
    assert arguments == [
        "--JOB_NAME",
        jobs.name,
        "--JOB_RUN_ID",
        run["Id"],
        "--a",
        "default",
        "--b",
        "given",
    ]
    assert run["Arguments"] == {"--a": "default", "--b": "given"}


def test_what_a_run_adds_changes_and_deletes_is_so_in_s3(jobs):
    jobs.put("work/in.txt", "text")
    jobs.put("work/old.txt", "text")
    jobs.create(COPY_FOLDER)
    run = jobs.wait(
        jobs.start(FOLDER=jobs.uri("work/"), METRICS=jobs.uri("metrics.json"))
    )
    assert run["JobRunState"] == "SUCCEEDED", run.get("ErrorMessage")
    assert jobs.keys() == ["metrics.json", "work/in.txt", "work/new/copy.txt"]
    assert jobs.text("work/new/copy.txt") == "TEXT"


def test_an_address_within_an_argument_that_is_json_is_staged_and_written_back(
    jobs,
):
    jobs.put("work/in.txt", "text")
    jobs.create(
        "import json, sys; from pathlib import Path\n"
        "[[name, uri]] = json.loads(sys.argv[-1])\n"
        "folder = Path(uri.removeprefix('file://'))\n"
        "(folder / name).write_text((folder / 'in.txt').read_text().upper())"
    )
    pairs = json.dumps([["copy.txt", jobs.uri("work/")]])
    run = jobs.wait(jobs.start(PAIRS=pairs))
    assert run["JobRunState"] == "SUCCEEDED", run.get("ErrorMessage")
    assert jobs.text("work/copy.txt") == "TEXT"


def test_a_failed_run_writes_nothing_back(jobs):
    jobs.put("work/in.txt", "text")
    jobs.put("work/old.txt", "text")
    jobs.create(COPY_FOLDER + "\nraise ValueError('no good')")
    run = jobs.wait(
        jobs.start(FOLDER=jobs.uri("work/"), METRICS=jobs.uri("metrics.json"))
    )
    assert (run["JobRunState"], run["ErrorMessage"]) == (
        "FAILED",
        "ValueError: no good",
    )
    assert jobs.keys() == ["work/in.txt", "work/old.txt"]


def test_a_staged_file_keeps_its_path_and_modification_time(
    jobs, client, s3, bucket
):
    jobs.put("in/dt=1/x.csv", "a")
    jobs.create(
        "import os, sys; p = sys.argv[-1][7:] + 'dt=1/x.csv'; print(os.stat(p).st_mtime, p)"
    )
    run = jobs.wait(jobs.start(SOURCE=jobs.uri("in/")))
    modified, path = output(client, run["Id"])[0].split()
    described = s3.head_object(
        Bucket=bucket, Key=f"{jobs.prefix}/in/dt=1/x.csv"
    )
    assert float(modified) == described["LastModified"].timestamp()
    assert path.endswith(f"/s3/{bucket}/{jobs.prefix}/in/dt=1/x.csv")


def test_scripts_reach_this_aws_through_boto3_without_configuration(
    jobs, client, bucket
):
    jobs.create(
        "import boto3; print([b['Name'] for b in boto3.client('s3').list_buckets()['Buckets']])"
    )
    run = jobs.wait(jobs.start())
    assert bucket in output(client, run["Id"])[0]


@pytest.mark.parametrize(
    ("script", "message"),
    [
        (
            "raise SystemExit('no CSV objects under here')",
            "no CSV objects under here",
        ),
        ("import sys; sys.exit(3)", "Command failed with exit code 3"),
        (
            "try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    raise KeyError('outer') from e",
            "KeyError: 'outer'",
        ),
    ],
)
def test_a_failed_run_says_why(jobs, script, message):
    jobs.create(script)
    run = jobs.wait(jobs.start())
    assert (run["JobRunState"], run["ErrorMessage"]) == ("FAILED", message)


def test_a_script_that_is_not_there_fails_the_run(jobs, s3, bucket):
    jobs.create(ECHO)
    s3.delete_object(Bucket=bucket, Key=f"scripts/{jobs.name}.py")
    run = jobs.wait(jobs.start())
    assert run["JobRunState"] == "FAILED"
    assert "404" in run["ErrorMessage"]


def test_an_object_that_would_be_a_file_outside_the_runs_folder_fails_the_run(
    jobs,
):
    jobs.put("in/../../../../../x.txt", "x")
    jobs.create(ECHO)
    run = jobs.wait(jobs.start(FOLDER=jobs.uri("in/")))
    assert run["JobRunState"] == "FAILED"
    assert "outside the folder of local AWS" in run["ErrorMessage"]


@pytest.mark.parametrize(
    "value", ["file:///etc/passwd", '["file:///etc/passwd"]']
)
def test_an_argument_that_names_a_file_of_this_machine_fails_the_run(
    jobs, value
):
    jobs.create(ECHO)
    run = jobs.wait(jobs.start(FILE=value))
    assert run["JobRunState"] == "FAILED"
    assert "outside the folder of local AWS" in run["ErrorMessage"]


def test_a_job_whose_name_leads_out_of_the_folder_does_not_run(jobs):
    jobs.name = f"../../{jobs.name}"
    jobs.glue.create_job(
        Name=jobs.name,
        Role="glueaccessrole",
        Command={"Name": "glueetl", "ScriptLocation": jobs.uri("x.py")},
    )
    run = jobs.wait(jobs.start())
    assert run["JobRunState"] == "FAILED"
    assert "outside the folder of local AWS" in run["ErrorMessage"]


def test_a_stopped_run_is_killed_and_says_so(jobs, glue, client):
    jobs.create(SLEEP)
    run_id = jobs.start()
    assert "CompletedOn" not in jobs.wait(run_id, "RUNNING")
    answer = glue.batch_stop_job_run(
        JobName=jobs.name, JobRunIds=[run_id, "jr_none"]
    )
    assert [item["JobRunId"] for item in answer["SuccessfulSubmissions"]] == [
        run_id
    ]
    assert (
        answer["Errors"][0]["ErrorDetail"]["ErrorCode"]
        == "EntityNotFoundException"
    )
    began = time.monotonic()
    assert jobs.wait(run_id)["JobRunState"] == "STOPPED"
    assert time.monotonic() - began < 30


def test_a_run_over_its_timeout_is_killed(jobs, endpoint, tmp_path):
    jobs.create(SLEEP)
    run = LocalJobRun(
        job_name=jobs.name, arguments={}, timeout=0.005
    )  # the API takes whole minutes
    run.runtime = Runtime(endpoint, Account().region, tmp_path, "", "")
    script = f"s3://{jobs.bucket}/scripts/{jobs.name}.py"
    run.start({"Name": "glueetl", "ScriptLocation": script})
    assert run.ended.wait(45)
    assert run.status == "TIMEOUT"


def test_no_more_runs_than_allowed_at_the_same_time(jobs, glue):
    jobs.create(SLEEP, ExecutionProperty={"MaxConcurrentRuns": 2})
    runs = [jobs.start(), jobs.start()]
    with pytest.raises(glue.exceptions.ConcurrentRunsExceededException):
        jobs.start()
    listed = glue.get_job_runs(JobName=jobs.name)["JobRuns"]
    assert [run["Id"] for run in listed] == runs[::-1]
    glue.batch_stop_job_run(JobName=jobs.name, JobRunIds=runs)
    assert {jobs.wait(run)["JobRunState"] for run in runs} == {"STOPPED"}


def test_a_jobs_definition_can_be_replaced_and_keeps_its_runs(jobs, glue):
    jobs.create(ECHO)
    run = jobs.wait(jobs.start())
    command = glue.get_job(JobName=jobs.name)["Job"]["Command"]
    glue.update_job(
        JobName=jobs.name,
        JobUpdate={
            "Role": "r",
            "Command": command,
            "DefaultArguments": {"--x": "1"},
        },
    )
    assert glue.get_job(JobName=jobs.name)["Job"]["DefaultArguments"] == {
        "--x": "1"
    }
    assert glue.get_job_runs(JobName=jobs.name)["JobRuns"][0]["Id"] == run["Id"]


def test_a_job_or_run_that_does_not_exist_is_not_found(glue, jobs):
    jobs.create(ECHO)
    for call in (
        lambda: glue.start_job_run(JobName="nobody"),
        lambda: glue.get_job_run(JobName=jobs.name, RunId="jr_none"),
        lambda: glue.update_job(JobName="nobody", JobUpdate={}),
    ):
        with pytest.raises(glue.exceptions.EntityNotFoundException):
            call()


@pytest.mark.parametrize(
    ("command", "named"),
    [
        ({"Name": "glueetl"}, "ScriptLocation"),
        ({"Name": "glueetl", "ScriptLocation": "x.py"}, "ScriptLocation"),
        ({"Name": "glueray", "ScriptLocation": "s3://b/x.py"}, "glueray"),
        ({}, "kind None"),
    ],
)
def test_a_job_that_cannot_run_fails_and_can_be_started_again(
    glue, jobs, command, named
):
    name = f"no-script-{abs(hash(str(command))):x}"
    glue.create_job(Name=name, Role="r", Command=command)
    for _ in range(2):  # the first run has ended, so a second one may start
        run_id = glue.start_job_run(JobName=name)["JobRunId"]
        run = _ended(glue, name, run_id)
        assert run["JobRunState"] == "FAILED"
        assert named in run["ErrorMessage"]


def _ended(glue, name, run_id):
    for _ in range(100):
        run = glue.get_job_run(JobName=name, RunId=run_id)["JobRun"]
        if run["JobRunState"] not in ("STARTING", "RUNNING"):
            return run
        time.sleep(0.05)
    raise TimeoutError(run)


def test_a_script_with_an_s3_path_of_its_own_is_told_its_line(jobs):
    jobs.create(
        "from pyspark.sql import SparkSession\n\n"
        "spark = SparkSession.builder.getOrCreate()\n"
        "spark.read.parquet('s3://some-bucket/leads/').show()\n"
    )
    run = jobs.wait(jobs.start())
    assert run["JobRunState"] == "FAILED"
    assert run["ErrorMessage"].startswith(
        "line 4: Spark of local AWS reads s3:// only where the path is an argument of the job"
    )
