"""Airflow's own operators and triggers against the local AWS, as the DAGs use them."""

import asyncio
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localaws.account import Account

ACCOUNT = Account()


@pytest.fixture(autouse=True)
def airflow_environment(endpoint, monkeypatch, tmp_path_factory):
    """The client environment of SPEC: nothing but AWS's own variables and the default connection."""
    variables = {
        "AIRFLOW_CONN_AWS_DEFAULT": "aws://",
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": ACCOUNT.region,
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


class TaskInstance(SimpleNamespace):
    """What the operators ask of a task instance; the tags since Airflow 3.3, whose Redshift operator can resume."""

    stats_tags: dict[str, str] = {}

    def xcom_push(self, key: str, value: Any) -> None:
        setattr(self, key, value)


@pytest.fixture
def context() -> dict[str, Any]:
    return {
        "ti": TaskInstance(dag_id="d", task_id="t", run_id="r", map_index=-1)
    }


def first_event(trigger: Any) -> dict[str, Any]:
    async def run() -> dict[str, Any]:
        async for event in trigger.run():
            return event.payload
        raise AssertionError("the trigger gave no event")

    return asyncio.run(run())


def deferred(operator: Any, context: dict[str, Any]) -> Any:
    """Run an operator that defers, its trigger and its completion; returns the operator's result."""
    from airflow.sdk.exceptions import TaskDeferred

    try:
        return operator.execute(context)
    except TaskDeferred as moment:
        event = first_event(moment.trigger)
        return getattr(operator, moment.method_name)(context, event)


@pytest.fixture
def crawler_config(s3, bucket):
    s3.put_object(Bucket=bucket, Key="operators/in/a.csv", Body=b"a,b\n1,2\n")
    return {
        "Name": "operators-crawler",
        "Role": ACCOUNT.glue_role,
        "DatabaseName": ACCOUNT.glue_database,
        "Targets": {"S3Targets": [{"Path": f"s3://{bucket}/operators/in"}]},
        "Tags": {"project": "leads"},
    }


@pytest.mark.parametrize("deferrable", [False, True])
def test_the_crawler_operator_creates_updates_waits_and_reads_metrics(
    crawler_config, context, deferrable
):
    from airflow.providers.amazon.aws.operators.glue_crawler import (
        GlueCrawlerOperator,
    )

    for config in (
        crawler_config,
        crawler_config
        | {"Description": "changed", "Tags": {"project": "other"}},
    ):
        crawl = GlueCrawlerOperator(
            task_id="crawl",
            config=config,
            deferrable=deferrable,
            poll_interval=1,
        )
        assert deferred(crawl, context) == "operators-crawler"


def test_the_crawler_operator_fails_with_the_crawl(crawler_config, context):
    from airflow.exceptions import AirflowException
    from airflow.providers.amazon.aws.operators.glue_crawler import (
        GlueCrawlerOperator,
    )
    from botocore.exceptions import WaiterError

    config = crawler_config | {
        "Name": "failing",
        "Targets": {"S3Targets": [{"Path": "s3://no-such-bucket/x"}]},
    }
    with pytest.raises((AirflowException, WaiterError)):
        GlueCrawlerOperator(
            task_id="crawl", config=config, poll_interval=1
        ).execute(context)


@pytest.mark.parametrize("deferrable", [False, True])
def test_the_job_operator_uploads_creates_runs_and_reads_logs(
    bucket, context, tmp_path, deferrable
):
    from airflow.providers.amazon.aws.operators.glue import GlueJobOperator

    script = Path(tmp_path, "hello.py")
    script.write_text("import time; print('hello'); time.sleep(1)")
    job = GlueJobOperator(
        task_id="job",
        job_name=f"operators-job-{deferrable}",
        script_location=str(script),
        s3_bucket=bucket,
        iam_role_name=ACCOUNT.glue_role,
        replace_script_file=True,
        update_config=True,
        create_job_kwargs={
            "GlueVersion": "5.0",
            "WorkerType": "G.1X",
            "NumberOfWorkers": 2,
        },
        verbose=True,
        deferrable=deferrable,
        job_poll_interval=1,
        waiter_delay=1,
    )
    for _ in range(2):
        job._job_run_id = None
        assert deferred(job, context).startswith("jr_")


def test_the_job_operator_fails_with_the_run(bucket, context, tmp_path):
    from airflow.exceptions import AirflowException
    from airflow.providers.amazon.aws.operators.glue import GlueJobOperator

    script = Path(tmp_path, "broken.py")
    script.write_text("raise ValueError('broken')")
    job = GlueJobOperator(
        task_id="job",
        job_name="operators-broken",
        script_location=str(script),
        s3_bucket=bucket,
        iam_role_name=ACCOUNT.glue_role,
        job_poll_interval=1,
    )
    with pytest.raises(AirflowException, match="FAILED"):
        job.execute(context)


@pytest.mark.parametrize("deferrable", [False, True])
def test_the_redshift_operator_returns_results_of_one_and_of_several_statements(
    context, deferrable
):
    from airflow.providers.amazon.aws.operators.redshift_data import (
        RedshiftDataOperator,
    )

    for sql, expected in (
        ("SELECT 7", [7]),
        (["SELECT 1", "SELECT 2"], [1, 2]),
    ):
        query = RedshiftDataOperator(
            task_id="query",
            sql=sql,
            workgroup_name=ACCOUNT.workgroup,
            database=ACCOUNT.database,
            return_sql_result=True,
            poll_interval=1,
            deferrable=deferrable,
        )
        results = deferred(query, context)
        assert [
            item["Records"][0][0]["longValue"] for item in results
        ] == expected


@pytest.mark.parametrize("deferrable", [False, True])
def test_the_redshift_operator_fails_with_the_engines_message(
    context, deferrable
):
    from airflow.providers.amazon.aws.operators.redshift_data import (
        RedshiftDataOperator,
    )

    query = RedshiftDataOperator(
        task_id="query",
        sql="SELECT * FROM absent_table",
        workgroup_name=ACCOUNT.workgroup,
        database=ACCOUNT.database,
        poll_interval=1,
        deferrable=deferrable,
    )
    with pytest.raises(Exception, match="absent_table"):
        deferred(query, context)


@pytest.mark.parametrize(
    "folder", ["c15-[final] folder", "{a,b} *?#1", "100%20+ \u00fc\\x"]
)
def test_the_sensor_of_ingestion_takes_names_as_literal_text(
    s3, bucket, context, folder
):
    from lifecycle.file_sensor import PATTERN, LeadFilesSensor

    sensor = LeadFilesSensor(
        task_id="wait",
        bucket_key=f"s3://{bucket}/raw-data/{folder}/{PATTERN}",
    )
    assert not sensor.poke(context)
    key = f"raw-data/{folder}/LEADS.CSV"
    s3.put_object(Bucket=bucket, Key=key, Body=b"a")
    assert sensor.poke(context)


def test_the_s3_key_sensor_finds_keys_by_pattern(s3, bucket, context):
    from airflow.providers.amazon.aws.sensors.s3 import S3KeySensor

    s3.put_object(Bucket=bucket, Key="sensor/2026/a.csv", Body=b"a")
    sensor = S3KeySensor(
        task_id="wait",
        bucket_key=f"s3://{bucket}/sensor/*/*.csv",
        wildcard_match=True,
    )
    assert sensor.poke(context)
    absent = S3KeySensor(
        task_id="wait_more",
        bucket_key=f"s3://{bucket}/absent/*.csv",
        wildcard_match=True,
    )
    assert not absent.poke(context)


def test_the_transfers_unload_and_copy_over_the_data_api(
    warehouse, table, s3, bucket, context
):
    from airflow.providers.amazon.aws.transfers.redshift_to_s3 import (
        RedshiftToS3Operator,
    )
    from airflow.providers.amazon.aws.transfers.s3_to_redshift import (
        S3ToRedshiftOperator,
    )

    warehouse.ok(
        f"CREATE TABLE {table} (a INT PRIMARY KEY, b VARCHAR(10))",
        f"INSERT INTO {table} VALUES (1, 'x'), (2, 'it''s')",
    )
    data_api = {
        "database": ACCOUNT.database,
        "workgroup_name": ACCOUNT.workgroup,
        "poll_interval": 0.1,
    }
    common = {
        "s3_bucket": bucket,
        "schema": "public",
        "table": table,
        "redshift_conn_id": "aws_default",
        "redshift_data_api_kwargs": data_api,
    }
    RedshiftToS3Operator(
        task_id="unload",
        s3_key="transfers",
        unload_options=["FORMAT AS PARQUET", "ALLOWOVERWRITE"],
        **common,
    ).execute(context)
    keys = s3.list_objects_v2(Bucket=bucket, Prefix=f"transfers/{table}_")
    assert keys["KeyCount"] > 0
    # Without `upsert_keys` the provider asks for them with the table's name unquoted, which Redshift refuses too.
    for method, extra in (("UPSERT", {"upsert_keys": ["a"]}), ("REPLACE", {})):
        warehouse.ok(f"UPDATE {table} SET b = 'old' WHERE a = 1")
        S3ToRedshiftOperator(
            task_id="copy",
            s3_key=f"transfers/{table}_",
            copy_options=["FORMAT AS PARQUET"],
            method=method,
            **extra,
            **common,
        ).execute(context)
        rows = warehouse.rows(f"SELECT a, b FROM {table} ORDER BY a")
        assert rows == [[1, "x"], [2, "it's"]]


def test_the_glue_sensors_see_what_is_there(
    glue, s3, bucket, crawler_config, context
):
    from airflow.providers.amazon.aws.sensors.glue_catalog_partition import (
        GlueCatalogPartitionSensor,
    )
    from airflow.providers.amazon.aws.sensors.glue_crawler import (
        GlueCrawlerSensor,
    )

    for day in ("2026-01-01", "2026-01-02"):
        key = f"sensors/sales/ds={day}/a.csv"
        s3.put_object(Bucket=bucket, Key=key, Body=b"a,b\n1,2\n")
    targets = {"S3Targets": [{"Path": f"s3://{bucket}/sensors/sales"}]}
    glue.create_crawler(
        **crawler_config | {"Name": "sensors", "Targets": targets}
    )
    glue.start_crawler(Name="sensors")
    crawler = GlueCrawlerSensor(task_id="crawl", crawler_name="sensors")
    wait_for(lambda: crawler.poke(context))
    for day, is_there in (("2026-01-02", True), ("2026-01-03", False)):
        partition = GlueCatalogPartitionSensor(
            task_id="partition",
            database_name=ACCOUNT.glue_database,
            table_name="sales",
            expression=f"ds='{day}'",
        )
        assert partition.poke(context) is is_there


def test_the_glue_job_sensor_tells_success_failure_and_an_absent_job(
    glue, s3, bucket, context
):
    from airflow.exceptions import AirflowException
    from airflow.providers.amazon.aws.sensors.glue import GlueJobSensor

    def sensor(name: str, script: bytes) -> GlueJobSensor:
        s3.put_object(Bucket=bucket, Key=f"sensors/{name}.py", Body=script)
        location = f"s3://{bucket}/sensors/{name}.py"
        glue.create_job(
            Name=name,
            Role=ACCOUNT.glue_role,
            Command={"Name": "glueetl", "ScriptLocation": location},
        )
        run_id = glue.start_job_run(JobName=name)["JobRunId"]
        return GlueJobSensor(task_id="job", job_name=name, run_id=run_id)

    good = sensor("sensor_good", b"print('done')")
    wait_for(lambda: good.poke(context))
    bad = sensor("sensor_bad", b"raise ValueError('broken')")
    with pytest.raises(AirflowException, match="FAILED"):
        wait_for(lambda: bad.poke(context))
    absent = GlueJobSensor(task_id="job", job_name="absent_job", run_id="jr_0")
    with pytest.raises(ClientError, match="EntityNotFoundException"):
        absent.poke(context)


def wait_for(is_done):
    """Poll until a sensor is satisfied."""
    for _ in range(200):
        if is_done():
            return
        time.sleep(0.1)
    raise TimeoutError


def test_awswrangler_runs_sql_and_reads_the_lake_and_the_catalog(
    warehouse, table, s3, bucket, glue
):
    import awswrangler as wr
    import pandas as pd

    connection = wr.data_api.redshift.connect(
        workgroup_name=ACCOUNT.workgroup, database=ACCOUNT.database
    )
    warehouse.ok(
        f"CREATE TABLE {table} (a INT, b VARCHAR(10))",
        f"INSERT INTO {table} VALUES (1, 'x'), (2, NULL)",
    )
    read = wr.data_api.redshift.read_sql_query(
        f"SELECT a, b FROM {table} ORDER BY a", con=connection
    )
    assert read["a"].tolist() == [1, 2]
    assert read["b"].tolist() == ["x", None]

    path = f"s3://{bucket}/wrangler/"
    leads = pd.DataFrame({"lead": ["a", "b"], "visits": [1, 2]})
    wr.catalog.create_database("wrangler", exist_ok=True)
    wr.s3.to_parquet(
        leads, path, dataset=True, database="wrangler", table="leads"
    )
    assert wr.s3.list_objects(path)
    back = wr.s3.read_parquet(path)
    assert back["visits"].tolist() == [1, 2]
    assert wr.catalog.get_table_types("wrangler", "leads") == {
        "lead": "string",
        "visits": "bigint",
    }
    assert "leads" in wr.catalog.tables(database="wrangler")["Table"].tolist()
    wr.s3.delete_objects(path)
    assert wr.s3.list_objects(path) == []
