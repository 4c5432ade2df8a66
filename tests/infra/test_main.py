"""From an empty account to a stage and back, on local AWS; what MWAA would answer is stubbed."""

from typing import Any

import boto3
import pytest

from infra import account
from infra.__main__ import _extra, create, delete
from infra.deploy import Deployer
from infra.environments import LAYERS, load_environment
from infra.errors import DeploymentError
from infra.uploads import ENVIRONMENT_FILES
from tests.infra.local_account import NoEnvironmentYet, Session, work_of

ACCOUNT = "123456789012"


@pytest.fixture(scope="module")
def session(aws: boto3.Session) -> Any:
    return Session(aws)


@pytest.fixture(scope="module")
def work(session: Any) -> Deployer:
    """A stage that has been created, with local AWS's one workgroup."""
    given = {
        "RedshiftWorkgroup": "default-workgroup",
        "GithubRepository": "acme/leads",
        "AlertEmail": "people@acme.test",
    }
    made = work_of(load_environment("dev", ACCOUNT, **given), session)
    create(made, session)
    return made


def test_creating_a_stage_uploads_the_code_before_the_environment_asks_for_it(
    work: Deployer,
) -> None:
    assert all(work.stacks.describe(layer) for layer in LAYERS)
    files = work.bucket.current().files
    assert set(ENVIRONMENT_FILES) <= set(files)
    assert "dags/ingest_leads.py" in files
    airflow = work.stacks.describe("airflow")
    assert airflow is not None
    given = {
        item["ParameterKey"]: item["ParameterValue"]
        for item in airflow["Parameters"]
    }
    assert given["RequirementsVersion"] == files["requirements.txt"]


def test_the_startup_script_carries_the_stages_names(
    work: Deployer, session: Any
) -> None:
    answer = session.client("s3").get_object(
        Bucket=work.environment["MwaaBucket"], Key="startup.sh"
    )
    script = answer["Body"].read().decode()
    assert f"export LEADS_BUCKET={work.environment['Bucket']}" in script
    assert "export MLFLOW_TRACKING_URI=https://10.43." in script


def test_the_api_starts_no_task_before_its_image_is_pushed(
    work: Deployer, session: Any
) -> None:
    api = work.stacks.describe("api")
    assert api is not None
    assert {"ParameterKey": "ApiTasks", "ParameterValue": "0"} in api[
        "Parameters"
    ]
    names = {
        "repositoryName": work.environment["TrainingImage"],
        "imageTag": f"{work.environment['ImageTag']}-api",
    }
    image = {
        "imageManifest": "{}",
        "imageManifestMediaType": "application/vnd.oci.image.manifest.v1+json",
    }
    session.client("ecr").put_image(**names, **image)
    assert set(_extra("api", work, session)) == {"ApiImage"}, (
        "then as many as the stage says"
    )
    # On AWS the repository's EmptyOnDelete does this; moto does not know it.
    ids = [{"imageTag": names["imageTag"]}]
    session.client("ecr").batch_delete_image(
        repositoryName=names["repositoryName"], imageIds=ids
    )


def test_a_stage_that_names_no_repository_lets_nobody_deploy_from_github(
    work: Deployer,
) -> None:
    assert "ci" in work.environment.layers
    assert "ci" not in load_environment("dev", ACCOUNT).layers


def test_a_bucket_name_that_somebody_has_is_found_before_anything_is_changed(
    session: Any,
) -> None:
    session.client("s3").create_bucket(
        Bucket="taken-by-hand",
        CreateBucketConfiguration={"LocationConstraint": session.region_name},
    )
    stage = load_environment(
        "prod",
        ACCOUNT,
        Bucket="taken-by-hand",
        MwaaBucket="No_Name",
        ApiClients="0.0.0.0/0",
    )
    with pytest.raises(DeploymentError) as found:
        create(work_of(stage, session), session)
    text = str(found.value)
    assert "Bucket taken-by-hand exists already" in text
    assert "MwaaBucket 'No_Name' is no bucket name" in text
    assert "ApiClients is the whole internet" in text
    assert work_of(stage, session).stacks.describe("network") is None


def test_a_stage_whose_environment_is_changing_is_not_deleted(
    work: Deployer, session: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = {"Environment": {"Status": "UPDATING"}}
    monkeypatch.setattr(
        NoEnvironmentYet,
        "get_environment",
        lambda self, Name: answer,  # noqa: N803
    )
    with pytest.raises(
        DeploymentError,
        match="nothing was deleted:\n.*LeadConversion-MLOps-Dev is UPDATING: wait",
    ):
        delete(work, session)
    assert work.stacks.describe("ci") is not None


def test_deleting_a_stage_that_keeps_nothing_leaves_nothing(
    work: Deployer,
    session: Any,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Two things are not as on AWS: Studio has no file system, and moto does not untangle a VPC."""
    efs, s3 = session.client("efs"), session.client("s3")
    studio = efs.create_file_system(CreationToken="studio")["FileSystemId"]
    outputs = {**work.stacks.outputs(), "StudioFileSystem": studio}
    monkeypatch.setattr(work.stacks, "outputs", lambda: outputs)
    monkeypatch.setattr("infra.__main__.LAYERS", LAYERS[1:])
    s3.put_object(
        Bucket=work.environment["Bucket"], Key="raw-data/a.csv", Body=b"x"
    )
    logs, keys = session.client("logs"), work.environment["ApiKeysSecret"]
    shared = list(account.SHARED_LOG_GROUPS)
    session.client("secretsmanager").create_secret(Name=keys, SecretString="{}")
    with caplog.at_level("INFO"):
        delete(work, session)
    assert [layer for layer in LAYERS[1:] if work.stacks.describe(layer)] == []
    assert efs.describe_file_systems()["FileSystems"] == []
    names = {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}
    assert not names & {
        work.environment["Bucket"],
        work.environment["MwaaBucket"],
    }
    assert [
        group["logGroupName"]
        for group in logs.describe_log_groups()["logGroups"]
    ] == shared
    assert keys not in [
        secret["Name"]
        for secret in session.client("secretsmanager").list_secrets()[
            "SecretList"
        ]
    ]
    kept = [line for line in caplog.messages if line.startswith("kept")]
    assert kept == [
        f"kept: key {outputs['KeyArn']}, for the 7 days until AWS deletes it (nothing)",
        "kept: GitHub's identity provider, for other stages (nothing)",
        *(
            f"kept: log group {name}, which other jobs of the account write to (log storage)"
            for name in shared
        ),
    ]
