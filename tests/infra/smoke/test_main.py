"""`make smoke` against local AWS: it sees what expected.yaml says, and leaves nothing behind."""

from typing import Any

import boto3
import pytest

from include.warehouse.client import Warehouse
from infra.__main__ import create
from infra.deploy import Deployer
from infra.environments import load_environment
from infra.smoke.__main__ import prepare, steps
from infra.smoke.run import run_steps
from tests.infra.local_account import Session, work_of

ACCOUNT = "123456789012"


def stage_of(session: Any) -> Deployer:
    given = {
        "RedshiftWorkgroup": "default-workgroup",
        "AlertEmail": "people@acme.test",
    }
    return work_of(load_environment("dev", ACCOUNT, **given), session)


@pytest.mark.slow
def test_a_smoke_run_sees_what_is_recorded_and_leaves_nothing_behind(
    aws: boto3.Session, mlflow_address: str, caplog: pytest.LogCaptureFixture
) -> None:
    session: Any = Session(aws)
    work = stage_of(session)
    create(work, session)
    s3 = session.client("s3")
    bucket = work.environment["Bucket"]
    s3.put_object(Bucket=bucket, Key="raw-data/a.csv", Body=b"of the stage")
    # The tests' own MLflow speaks no TLS, so no machine has put a certificate there.
    elsewhere = {
        "MLFLOW_TRACKING_URI": mlflow_address,
        "LEADS_MLFLOW_CERTIFICATE": "",
    }
    scratch = prepare(work, session, elsewhere)
    with caplog.at_level("INFO"):
        status = run_steps(steps(work, session, scratch), scratch.cleaning)
    report = [
        line
        for line in caplog.messages
        if line.startswith(("failed", "differs", "ok"))
    ]
    assert status == 0, report
    names = [line.split()[1] for line in report]
    assert names == [
        "bootstrap",
        "moments",
        "merge",
        "unload",
        "glue",
        "training",
        "studio",
        "stacks",
        "cleaning",
    ]
    versions = s3.list_object_versions(Bucket=bucket)["Versions"]
    assert [version["Key"] for version in versions] == ["raw-data/a.csv"]
    jobs = session.client("glue").list_jobs()["JobNames"]
    assert [job for job in jobs if job.startswith("smoke")] == []
    roles = session.client("iam").list_roles()["Roles"]
    assert [role for role in roles if role["RoleName"].endswith("-smoke")] == []
    tables = Warehouse(scratch.settings).query(
        "SELECT table_name FROM information_schema.tables WHERE table_name LIKE 'smoke%'"
    )
    assert tables == []
