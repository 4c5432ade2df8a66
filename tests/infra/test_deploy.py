"""Deployment: S3 for real on local AWS, MWAA's answers stubbed as its API gives them."""

import argparse
import json
import logging
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from infra.deploy import Deployer, describe, load_environment, run
from infra.environments import Environment
from infra.errors import (
    DeploymentError,
    EnvironmentBusyError,
    NoEarlierDeploymentError,
    NotDeployableError,
    NotReleasedError,
    NotVerifiedError,
    NotVersionedError,
    UpdateFailedError,
)
from infra.mwaa_environment import (
    BROKEN,
    CHANGING,
    READY,
    VERSIONS,
    MwaaEnvironment,
)
from infra.package import ROOT, package
from infra.policies import Call, compare, names_on_local_aws, read_calls
from infra.stacks import Stacks
from infra.uploads import ENVIRONMENT_FILES, CodeBucket, Deployment
from localaws.server import running

STAGE = load_environment("dev", "123456789012")
FAR = datetime(2999, 1, 1, tzinfo=UTC)
FILES = {
    "dags/a.py": "one",
    "dags/b.py": "b",
    **dict.fromkeys(ENVIRONMENT_FILES, "1"),
}
DAGS = {"a": {"fileloc": "a.py", "schedule": "17 1 * * *"}}
ARN = "arn:aws:airflow:ap-south-1:123456789012:environment/x"


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    return write(tmp_path / "dist", FILES)


def write(folder: Path, files: dict[str, str]) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    for key, text in files.items():
        (folder / key).parent.mkdir(parents=True, exist_ok=True)
        (folder / key).write_text(text)
    return folder


@pytest.fixture
def bucket(aws: boto3.Session, request: pytest.FixtureRequest) -> CodeBucket:
    """A versioned bucket of this test alone."""
    s3, name = aws.client("s3"), f"code-{abs(hash(request.node.nodeid))}"
    s3.create_bucket(
        Bucket=name,
        CreateBucketConfiguration={"LocationConstraint": "ap-south-1"},
    )
    s3.put_bucket_versioning(
        Bucket=name, VersioningConfiguration={"Status": "Enabled"}
    )
    return CodeBucket(s3, name)


def content(bucket: CodeBucket) -> dict[str, str]:
    listed = bucket._s3.list_objects_v2(Bucket=bucket.bucket)["Contents"]
    keys = [item["Key"] for item in listed if item["Key"] != "deployment.json"]
    return {
        key: bucket._s3.get_object(Bucket=bucket.bucket, Key=key)["Body"]
        .read()
        .decode()
        for key in keys
    }


@pytest.fixture
def mwaa(aws: boto3.Session) -> Iterator[tuple[MwaaEnvironment, Stubber]]:
    client = aws.client("mwaa")
    with Stubber(client) as stub:
        yield (
            MwaaEnvironment(
                client, STAGE["EnvironmentName"], sleep=lambda seconds: None
            ),
            stub,
        )


def status(stub: Stubber, *states: str, **more: Any) -> None:
    for state in states:
        stub.add_response(
            "get_environment", {"Environment": {"Status": state, **more}}
        )


def versions(deployment: Deployment) -> dict[str, str]:
    """MWAA's description of an environment that runs a deployment, as far as its versions go."""
    return {VERSIONS[key]: deployment.files[key] for key in ENVIRONMENT_FILES}


def answers(
    stub: Stubber,
    dags: list[dict[str, Any]],
    errors: list[dict[str, str]] | None = None,
) -> None:
    listing(stub, import_errors=errors or [])
    listing(stub, dags=dags)


def listing(stub: Stubber, **items: list[Any]) -> None:
    """One page of Airflow's API, of as many items as there are."""
    ((name, found),) = items.items()
    body = {name: found, "total_entries": len(found)}
    stub.add_response(
        "invoke_rest_api", {"RestApiStatusCode": 200, "RestApiResponse": body}
    )


def seen(**changes: Any) -> dict[str, Any]:
    good = {
        "dag_id": "a",
        "fileloc": "/usr/local/airflow/dags/a.py",
        "timetable_summary": "17 1 * * *",
    }
    return (
        good
        | {"is_stale": False, "last_parsed_time": FAR.isoformat()}
        | changes
    )


def deployer(
    aws: boto3.Session,
    bucket: CodeBucket,
    environment: MwaaEnvironment,
    stage: Environment = STAGE,
) -> Deployer:
    return Deployer(
        stage,
        Stacks(stage, aws, poll_seconds=0),
        bucket,
        environment,
        "ap-south-1",
    )


def test_the_first_deployment_puts_everything_and_a_second_one_nothing(
    bucket: CodeBucket, dist: Path
) -> None:
    plan = bucket.plan(dist)
    assert set(plan.put) == set(FILES)
    bucket.apply(plan, dist, "first")
    assert content(bucket) == FILES
    assert (
        describe(bucket.plan(dist))
        == "0 to put, 0 to delete; no environment update"
    )


def test_a_changed_and_a_vanished_dag_need_no_update_of_the_environment(
    bucket: CodeBucket, dist: Path
) -> None:
    bucket.apply(bucket.plan(dist), dist, "first")
    write(
        dist,
        {key: text for key, text in FILES.items() if key != "dags/b.py"}
        | {"dags/a.py": "two"},
    )
    plan = bucket.plan(dist)
    assert (plan.put, plan.delete, plan.updates_environment) == (
        ("dags/a.py",),
        ("dags/b.py",),
        False,
    )
    bucket.apply(plan, dist, "second")
    assert "dags/b.py" not in content(bucket)


@pytest.mark.parametrize("key", ENVIRONMENT_FILES)
def test_changed_plugins_requirements_or_startup_script_do(
    bucket: CodeBucket, dist: Path, key: str
) -> None:
    bucket.apply(bucket.plan(dist), dist, "first")
    (dist / key).write_text("2")
    assert bucket.plan(dist).updates_environment


class Numbered(CodeBucket):
    """Local AWS's bucket with versions that are known before the upload, so that MWAA's answers can name them."""

    def apply(self, *arguments: Any) -> Deployment:
        super().apply(*arguments)
        return self._number()

    def restore(self, former: Deployment) -> Deployment:
        super().restore(former)
        return self._number()

    def _number(self) -> Deployment:
        now = self.current()
        return Deployment(dict.fromkeys(now.files, "new"), now.dags)


NEW = dict.fromkeys(VERSIONS.values(), "new")
OLD = dict.fromkeys(VERSIONS.values(), "old")


def numbered(bucket: CodeBucket) -> Numbered:
    return Numbered(bucket._s3, bucket.bucket)


def test_a_deployment_of_new_requirements_updates_waits_and_verifies(
    aws: boto3.Session,
    bucket: CodeBucket,
    dist: Path,
    mwaa: tuple[MwaaEnvironment, Stubber],
) -> None:
    environment, stub = mwaa
    status(stub, "AVAILABLE")
    listing(stub, dags=[])
    status(
        stub, *["AVAILABLE"] * 3
    )  # which versions before, and after the upload; when the last update was
    stub.add_response("update_environment", {"Arn": ARN})
    status(stub, "AVAILABLE", **OLD)  # MWAA has not begun yet
    status(stub, "UPDATING", "CREATING_SNAPSHOT")
    status(stub, "AVAILABLE", **NEW)
    answers(stub, [])
    answers(stub, [seen()])
    plan = deployer(aws, numbered(bucket), environment).deploy(
        dist, DAGS, "first"
    )
    assert plan.updates_environment
    stub.assert_no_pending_responses()


def test_a_deployment_of_dags_alone_never_updates_the_environment(
    aws: boto3.Session,
    bucket: CodeBucket,
    dist: Path,
    mwaa: tuple[MwaaEnvironment, Stubber],
) -> None:
    running_now = versions(bucket.apply(bucket.plan(dist), dist, "first"))
    (dist / "dags/a.py").write_text("two")
    environment, stub = mwaa
    status(stub, "AVAILABLE")
    listing(stub, dags=[seen()])
    status(stub, "AVAILABLE", "AVAILABLE", **running_now)
    answers(stub, [seen()])
    assert (
        not deployer(aws, bucket, environment)
        .deploy(dist, DAGS, "second")
        .updates_environment
    )
    stub.assert_no_pending_responses()


def test_a_dag_that_was_parsed_before_airflow_looked_for_new_files_is_not_taken_for_the_new_one(
    aws: boto3.Session,
    bucket: CodeBucket,
    dist: Path,
    mwaa: tuple[MwaaEnvironment, Stubber],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    running_now = versions(bucket.apply(bucket.plan(dist), dist, "first"))
    (dist / "dags/a.py").write_text("two")
    environment, stub = mwaa
    monkeypatch.setattr("infra.mwaa_environment.PARSE_PATIENCE", -1)
    status(stub, "AVAILABLE")
    listing(stub, dags=[seen()])
    status(stub, "AVAILABLE", "AVAILABLE", **running_now)
    answers(
        stub,
        [
            seen(
                last_parsed_time=(
                    datetime.now(UTC) + timedelta(seconds=60)
                ).isoformat()
            )
        ],
    )
    with pytest.raises(NotVerifiedError, match="a: last parsed at"):
        deployer(aws, bucket, environment).deploy(dist, DAGS, "second")


def test_the_same_again_after_a_failed_update_updates_the_environment(
    aws: boto3.Session,
    bucket: CodeBucket,
    dist: Path,
    mwaa: tuple[MwaaEnvironment, Stubber],
) -> None:
    bucket.apply(bucket.plan(dist), dist, "first")
    environment, stub = mwaa
    status(stub, "UPDATE_FAILED", **OLD)
    listing(stub, dags=[seen()])
    status(stub, "UPDATE_FAILED", **OLD)
    plan = deployer(aws, bucket, environment).plan(dist, DAGS)
    assert (
        describe(plan)
        == "0 to put, 0 to delete; the environment is updated (about half an hour)"
    )


@pytest.mark.parametrize("state", [*CHANGING, *BROKEN])
def test_an_environment_that_takes_no_update_is_left_alone_and_so_is_the_bucket(
    aws: boto3.Session,
    bucket: CodeBucket,
    dist: Path,
    mwaa: tuple[MwaaEnvironment, Stubber],
    state: str,
) -> None:
    environment, stub = mwaa
    status(stub, state)
    with pytest.raises(
        EnvironmentBusyError,
        match=f"LeadConversion-MLOps-Dev is {state}: (wait|look)",
    ):
        deployer(aws, bucket, environment).deploy(dist, DAGS, "first")
    assert bucket.current().files == {}


def test_every_state_that_mwaa_has_is_known(aws: boto3.Session) -> None:
    states = (
        aws.client("mwaa")
        .meta.service_model.shape_for("EnvironmentStatus")
        .enum
    )
    assert sorted(states) == sorted([*READY, *CHANGING, *BROKEN])


def test_an_update_that_mwaa_takes_back_is_told_with_its_reason(
    bucket: CodeBucket, dist: Path, mwaa: tuple[MwaaEnvironment, Stubber]
) -> None:
    environment, stub = mwaa
    earlier, failed = (
        {
            "Status": "FAILED",
            "CreatedAt": datetime(2026, 1, day, tzinfo=UTC),
            "Error": {"ErrorMessage": reason},
        }
        for day, reason in (
            (1, "last month's"),
            (2, "incompatible requirements"),
        )
    )
    status(stub, "UPDATE_FAILED", LastUpdate=earlier)
    stub.add_response("update_environment", {"Arn": ARN})
    status(stub, "UPDATE_FAILED", LastUpdate=earlier)
    status(stub, "UPDATING")
    status(stub, "UPDATE_FAILED", LastUpdate=failed)
    with pytest.raises(
        UpdateFailedError,
        match="went back to its former state: incompatible requirements",
    ):
        environment.update(bucket.apply(bucket.plan(dist), dist, "first"))
    stub.assert_no_pending_responses()


def test_an_update_that_leaves_the_environment_broken_is_not_waited_for(
    bucket: CodeBucket, dist: Path, mwaa: tuple[MwaaEnvironment, Stubber]
) -> None:
    environment, stub = mwaa
    status(stub, "AVAILABLE")
    stub.add_response("update_environment", {"Arn": ARN})
    status(stub, "UPDATING", "UNAVAILABLE")
    with pytest.raises(
        UpdateFailedError, match="is UNAVAILABLE: MWAA gives no reason"
    ):
        environment.update(bucket.apply(bucket.plan(dist), dist, "first"))


def test_a_dag_that_another_file_has_already_is_found_before_the_upload(
    aws: boto3.Session,
    bucket: CodeBucket,
    dist: Path,
    mwaa: tuple[MwaaEnvironment, Stubber],
) -> None:
    environment, stub = mwaa
    status(stub, "AVAILABLE")
    listing(stub, dags=[seen(fileloc="/usr/local/airflow/dags/by_hand/a.py")])
    with pytest.raises(NotDeployableError) as found:
        deployer(aws, bucket, environment).deploy(dist, DAGS, "first")
    assert str(found.value).splitlines() == [
        "not deployed, nothing was changed:",
        "a of dags/a.py is in /usr/local/airflow/dags/by_hand/a.py already: rename it, or delete that file",
    ]
    assert bucket.current().files == {}


@pytest.mark.parametrize(
    "found",
    [
        {},
        {"is_stale": True, "fileloc": "/usr/local/airflow/dags/gone.py"},
        {"fileloc": "/usr/local/airflow/dags/b.py"},
        {"dag_id": "another", "fileloc": "/usr/local/airflow/dags/another.py"},
    ],
    ids=[
        "its own file",
        "a file of former times",
        "a file that goes with this deployment",
        "another DAG",
    ],
)
def test_a_dag_is_not_taken_by(
    mwaa: tuple[MwaaEnvironment, Stubber], found: dict[str, Any]
) -> None:
    environment, stub = mwaa
    listing(stub, dags=[seen(**found)])
    assert environment.name_conflicts(DAGS, deleted=["dags/b.py"]) == []


def test_a_listing_of_many_pages_is_read_to_its_end(
    mwaa: tuple[MwaaEnvironment, Stubber],
) -> None:
    environment, stub = mwaa
    for page in (
        [seen(dag_id="other")],
        [seen(fileloc="/usr/local/airflow/dags/second.py")],
    ):
        body = {"dags": page, "total_entries": 2}
        stub.add_response(
            "invoke_rest_api",
            {"RestApiStatusCode": 200, "RestApiResponse": body},
        )
    (taken,) = environment.name_conflicts(DAGS)
    assert "second.py" in taken


@pytest.mark.parametrize(
    ("found", "problem"),
    [
        ({"is_stale": True}, "a: stale"),
        (
            {"last_parsed_time": "2026-01-01T00:00:00Z"},
            "a: last parsed at 2026-01-01",
        ),
        (
            {"fileloc": "/usr/local/airflow/dags/old.py"},
            "a: its file is /usr/local/airflow/dags/old.py",
        ),
        (
            {"timetable_summary": "0 0 * * *"},
            r"a: its schedule is 0 0 \* \* \*, not 17 1 \* \* \*",
        ),
        ({"dag_id": "another"}, "a: not there"),
        (
            {"fileloc": "/usr/local/airflow/dags/below/a.py"},
            "a: its file is /usr/local/airflow/dags/below/a.py",
        ),
    ],
)
def test_a_dag_that_does_not_run_as_deployed_is_named_with_what_is_wrong(
    mwaa: tuple[MwaaEnvironment, Stubber],
    monkeypatch: pytest.MonkeyPatch,
    found: dict[str, Any],
    problem: str,
) -> None:
    environment, stub = mwaa
    monkeypatch.setattr("infra.mwaa_environment.PARSE_PATIENCE", -1)
    answers(stub, [seen(**found)])
    with pytest.raises(NotVerifiedError, match=problem):
        environment.verify(DAGS, datetime(2026, 6, 1, tzinfo=UTC))


def test_an_import_error_on_the_environment_is_told_by_its_last_line(
    mwaa: tuple[MwaaEnvironment, Stubber], monkeypatch: pytest.MonkeyPatch
) -> None:
    environment, stub = mwaa
    monkeypatch.setattr("infra.mwaa_environment.PARSE_PATIENCE", -1)
    error = {
        "filename": "a.py",
        "stack_trace": "Traceback\n  ...\nModuleNotFoundError: No module named 'x'\n",
    }
    answers(stub, [seen()], [error])
    with pytest.raises(NotVerifiedError, match="a.py: ModuleNotFoundError"):
        environment.verify(DAGS, datetime(2026, 6, 1, tzinfo=UTC))


def test_a_dag_that_still_runs_from_a_deleted_file_is_named(
    mwaa: tuple[MwaaEnvironment, Stubber], monkeypatch: pytest.MonkeyPatch
) -> None:
    environment, stub = mwaa
    monkeypatch.setattr("infra.mwaa_environment.PARSE_PATIENCE", -1)
    answers(
        stub, [seen(), seen(dag_id="b", fileloc="/usr/local/airflow/dags/b.py")]
    )
    with pytest.raises(
        NotVerifiedError,
        match=r"b: still there, from the deleted /usr/local/airflow/dags/b\.py",
    ):
        environment.verify(
            DAGS, datetime(2026, 6, 1, tzinfo=UTC), deleted=["dags/b.py"]
        )


def test_an_airflow_that_does_not_answer_yet_is_asked_again(
    mwaa: tuple[MwaaEnvironment, Stubber],
) -> None:
    environment, stub = mwaa
    stub.add_client_error(
        "invoke_rest_api", "RestApiServerException", http_status_code=503
    )
    answers(stub, [seen()])
    environment.verify(DAGS, datetime(2026, 6, 1, tzinfo=UTC))
    stub.assert_no_pending_responses()


@pytest.fixture
def two_deployments(bucket: CodeBucket, dist: Path) -> CodeBucket:
    """The first of FILES and DAGS, the second with other requirements, a changed DAG and a new one."""
    bucket.apply(bucket.plan(dist), dist, "first", DAGS)
    write(
        dist,
        {
            **FILES,
            "dags/a.py": "two",
            "dags/new.py": "new",
            "requirements.txt": "2",
        },
    )
    new = {"new": {"fileloc": "new.py", "schedule": "None"}}
    bucket.apply(bucket.plan(dist), dist, "second", DAGS | new)
    return bucket


def test_a_rollback_brings_the_former_files_and_the_former_environment_back_and_verifies_them(
    aws: boto3.Session,
    two_deployments: CodeBucket,
    mwaa: tuple[MwaaEnvironment, Stubber],
) -> None:
    environment, stub = mwaa
    status(stub, "UPDATE_FAILED")
    status(stub, "UPDATE_FAILED", "UPDATE_FAILED", **OLD)
    stub.add_response("update_environment", {"Arn": ARN})
    status(stub, "AVAILABLE", **NEW)
    new = seen(dag_id="new", fileloc="/usr/local/airflow/dags/new.py")
    answers(
        stub, [seen(), new]
    )  # the DAG of the second deployment is not gone yet
    answers(stub, [seen(), new | {"is_stale": True}])
    back = deployer(aws, numbered(two_deployments), environment).rollback()
    assert content(two_deployments) == FILES
    assert back.dags == DAGS
    stub.assert_no_pending_responses()


@pytest.mark.parametrize(
    ("found", "errors", "problem"),
    [
        ({"fileloc": "/usr/local/airflow/dags/old.py"}, [], "a: its file is"),
        ({"is_stale": True}, [], "a: stale"),
        ({"timetable_summary": "0 0 * * *"}, [], "a: its schedule is"),
        ({"last_parsed_time": "2026-01-01T00:00:00Z"}, [], "a: last parsed at"),
        (
            {},
            [{"filename": "a.py", "stack_trace": "SyntaxError: x"}],
            "a.py: SyntaxError",
        ),
    ],
)
def test_a_rollback_after_which_a_dag_does_not_run_as_it_did_is_an_error(
    aws: boto3.Session,
    two_deployments: CodeBucket,
    mwaa: tuple[MwaaEnvironment, Stubber],
    monkeypatch: pytest.MonkeyPatch,
    found: dict[str, Any],
    errors: list[dict[str, str]],
    problem: str,
) -> None:
    environment, stub = mwaa
    monkeypatch.setattr("infra.mwaa_environment.PARSE_PATIENCE", -1)
    status(stub, "AVAILABLE")
    status(stub, "AVAILABLE", **NEW)
    answers(stub, [seen(**found)], errors)
    with pytest.raises(NotVerifiedError, match=problem):
        deployer(aws, numbered(two_deployments), environment).rollback()


def test_a_rollback_of_an_environment_that_is_updating_changes_nothing(
    aws: boto3.Session,
    two_deployments: CodeBucket,
    mwaa: tuple[MwaaEnvironment, Stubber],
) -> None:
    before = content(two_deployments)
    status(mwaa[1], "UPDATING")
    with pytest.raises(
        EnvironmentBusyError, match="is UPDATING: wait until it is AVAILABLE"
    ):
        deployer(aws, two_deployments, mwaa[0]).rollback()
    assert content(two_deployments) == before


def test_a_dry_run_prints_the_plan_and_puts_nothing(
    aws: boto3.Session,
    bucket: CodeBucket,
    dist: Path,
    mwaa: tuple[MwaaEnvironment, Stubber],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Checked(Deployer):
        """Its dist/ is built and found good."""

        def build(self, root: Path, dist: Path) -> None:
            write(dist, FILES)

        def validate(
            self, dist: Path, constraints: str
        ) -> dict[str, dict[str, str]]:
            return DAGS

    work = Checked(
        STAGE, Stacks(STAGE, aws, poll_seconds=0), bucket, mwaa[0], "ap-south-1"
    )
    status(mwaa[1], "AVAILABLE")
    listing(mwaa[1], dags=[])
    status(mwaa[1], "AVAILABLE")
    monkeypatch.setattr("infra.deploy.deployer", lambda stage, session: work)
    monkeypatch.setattr("infra.deploy.ROOT", dist.parent)
    (dist.parent / "constraints.txt").write_text("")
    asked = {
        "stage": "dev",
        "dry_run": True,
        "rollback": False,
        "checked": False,
        "constraints": dist.parent / "constraints.txt",
    }
    with caplog.at_level(logging.INFO):
        run(argparse.Namespace(**asked))
    assert "put     dags/a.py" in caplog.text
    assert "5 to put, 0 to delete; the environment is updated" in caplog.text
    assert bucket.current().files == {}
    monkeypatch.delenv("RELEASE", raising=False)
    with pytest.raises(NotReleasedError):
        run(argparse.Namespace(**asked | {"checked": True}))


def test_a_bucket_that_keeps_no_versions_gets_nothing(
    aws: boto3.Session,
    bucket: CodeBucket,
    dist: Path,
    mwaa: tuple[MwaaEnvironment, Stubber],
) -> None:
    bucket._s3.put_bucket_versioning(
        Bucket=bucket.bucket, VersioningConfiguration={"Status": "Suspended"}
    )
    status(mwaa[1], "AVAILABLE")
    with pytest.raises(NotVersionedError, match="turn versioning on"):
        deployer(aws, bucket, mwaa[0]).deploy(dist, DAGS, "first")
    assert bucket.current().files == {}


def test_a_first_deployment_has_nothing_to_go_back_to(
    bucket: CodeBucket, dist: Path
) -> None:
    bucket.apply(bucket.plan(dist), dist, "first")
    with pytest.raises(NoEarlierDeploymentError, match="no earlier version"):
        bucket.former()


def test_a_stage_without_stacks_is_told_what_to_do_first(
    aws: boto3.Session,
    bucket: CodeBucket,
    tmp_path: Path,
    mwaa: tuple[MwaaEnvironment, Stubber],
) -> None:
    with pytest.raises(
        DeploymentError, match="no stacks yet: make stacks STAGE=dev"
    ):
        deployer(aws, bucket, mwaa[0]).build(ROOT, tmp_path / "dist")


def test_all_findings_are_told_at_once_and_nothing_is_uploaded(
    aws: boto3.Session,
    bucket: CodeBucket,
    mwaa: tuple[MwaaEnvironment, Stubber],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dist = tmp_path / "dist"
    package(ROOT, dist)
    (dist / "dags/bad.py").write_text(
        f"# an airflow dag\nKEY = '{'AKIA' + 'A' * 16}'\nimport not_there\n"
    )
    (dist / "requirements.txt").write_text("pandas==2.0.0\nnumpy>=2\n")
    monkeypatch.setattr("infra.checks.templates", lambda region: [])
    installed = replace(
        STAGE,
        values=STAGE.values | {"AirflowVersion": version("apache-airflow")},
    )
    with pytest.raises(NotDeployableError) as found:
        deployer(aws, bucket, mwaa[0], installed).validate(
            dist, "pandas==2.3.3\n"
        )
    key, pandas, numpy, dag, *rest = str(found.value).splitlines()[1:]
    assert key.startswith("dags/bad.py holds what looks like an AWS access key")
    assert pandas.startswith("pandas 2.0.0 is not ==2.3.3")
    assert numpy.startswith("numpy is not pinned")
    assert dag.startswith(f"{dist}/dags/bad.py") or "bad.py" in dag
    assert "No module named 'not_there'" in str(found.value)
    assert not [
        line
        for line in rest
        if line.startswith(str(dist)) and "bad.py" not in line
    ], "our own DAGs import"
    assert bucket.current().files == {}


def test_githubs_role_allows_every_call_that_deployment_and_rollback_make(
    dist: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On local AWS the access key id is the name of the calling role; MWAA is not there, so its calls are named."""
    with running(data_dir=tmp_path / "aws", seeded=False) as endpoint:
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
        owner = boto3.Session("local", "local", region_name="ap-south-1")
        owner.client("s3").create_bucket(
            Bucket=STAGE["MwaaBucket"],
            CreateBucketConfiguration={"LocationConstraint": "ap-south-1"},
        )
        versioned = {"Status": "Enabled"}
        owner.client("s3").put_bucket_versioning(
            Bucket=STAGE["MwaaBucket"], VersioningConfiguration=versioned
        )
        github = boto3.Session(
            STAGE["DeployRole"], "local", region_name="ap-south-1"
        )
        code = CodeBucket(github.client("s3"), STAGE["MwaaBucket"])
        Stacks(STAGE, github, poll_seconds=0).outputs()
        code.require_versions()
        code.apply(code.plan(dist), dist, "first")
        write(
            dist,
            {
                key: f"{text}2"
                for key, text in FILES.items()
                if key != "dags/b.py"
            },
        )
        code.apply(code.plan(dist), dist, "second")
        code.restore(code.former())
        made = read_calls(tmp_path / "aws" / "calls.jsonl")
    airflow = "arn:aws:airflow:ap-south-1:123456789012"
    environment = f"{airflow}:environment/{STAGE['EnvironmentName']}"
    made += [
        Call(STAGE["DeployRole"], f"airflow:{name}Environment", (environment,))
        for name in ("Get", "Update")
    ]
    viewer = f"{airflow}:role/{STAGE['EnvironmentName']}/Viewer"
    made.append(Call(STAGE["DeployRole"], "airflow:InvokeRestApi", (viewer,)))
    denials, spare = compare(made, names_on_local_aws(**STAGE.values))
    assert denials == []
    # What turns a file that is not there into a 404.
    unused = {
        line.split()[-1]
        for line in spare
        if line.startswith(STAGE["DeployRole"])
    }
    assert unused == {"s3:ListBucket"}


def test_every_deployment_is_written_down(
    bucket: CodeBucket, dist: Path
) -> None:
    bucket.apply(bucket.plan(dist), dist, "abc123", DAGS)
    manifest = json.loads(
        bucket._s3.get_object(Bucket=bucket.bucket, Key="deployment.json")[
            "Body"
        ].read()
    )
    assert manifest["label"] == "abc123"
    assert set(manifest["files"]) == set(FILES)
    assert manifest["dags"] == DAGS


def test_workers_end_their_tasks_before_an_update_replaces_them() -> None:
    """FORCED, the default, stops a training in the middle of its run."""
    requests: list[dict[str, Any]] = []

    class Mwaa:
        def get_environment(self, Name: str) -> dict[str, Any]:  # noqa: N803 - boto3's name
            return {"Environment": {"Status": "AVAILABLE", **NEW}}

        def update_environment(self, **request: Any) -> None:
            requests.append(request)

    files = dict.fromkeys(VERSIONS, "new")
    MwaaEnvironment(Mwaa(), "e").update(Deployment(files, {}))
    assert requests[0]["WorkerReplacementStrategy"] == "GRACEFUL"
