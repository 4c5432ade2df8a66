"""What a SageMaker training job is asked to do, and what is read of what it leaves."""

import io
import json
import re
import tarfile

import boto3
import pytest
from botocore.validate import ParamValidator

from include.endpoint.errors import NoResultError
from include.endpoint.training_job import (
    environment,
    job_name,
    read_result,
    training_job,
)
from include.lake.layout import Layout
from include.lake.objects import write_bytes
from include.settings import (
    DecisionOverrides,
    Settings,
    TrainingSettings,
    settings,
)

RUN = "data_drift_redshift_retrain__scheduled__2026-02-03T04-29-00-00-00"
OPERATORS_SUFFIX = "-1770000000"


@pytest.fixture
def request_of(contract):
    def make(**changes):
        chosen = settings().model_copy(
            update={"training": TrainingSettings(**changes)}
        )
        layout = Layout(chosen, contract)
        return training_job(
            chosen,
            layout,
            RUN,
            "s3://b/snapshots/r/",
            "a" * 32,
            family="lightgbm",
            stage="contact",
        )

    return make


@pytest.mark.parametrize(
    "run", [RUN, "train_models__manual__x", "d__-+!", "ü" * 250]
)
@pytest.mark.parametrize("family", ["logistic_regression", "lightgbm"])
def test_a_name_is_valid_and_leaves_room_for_the_suffix_of_a_second_try(
    run, family
):
    name = job_name(run, family, "engagement") + OPERATORS_SUFFIX
    assert re.fullmatch(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}", name)


def test_a_name_shows_run_family_and_stage():
    assert re.fullmatch(r"train-models-manual-x-[0-9a-f]{8}-lightgbm-contact", job_name(
        "train_models__manual__x", "lightgbm", "contact"
    ))  # fmt: skip


def test_no_two_jobs_share_a_name_though_long_runs_begin_alike():
    runs = [f"{RUN}-{number}" for number in range(50)]
    jobs = [
        (run, family, stage)
        for run in runs
        for family in ("lightgbm", "xgboost")
        for stage in ("contact", "capture")
    ]
    assert len({job_name(*job) for job in jobs}) == len(jobs)


def test_the_same_job_has_the_same_name_each_time():
    assert job_name(RUN, "lightgbm", "contact") == job_name(
        RUN, "lightgbm", "contact"
    )


def test_the_request_is_one_that_aws_understands(request_of):
    client = boto3.client("sagemaker", region_name="ap-south-1")
    shape = client.meta.service_model.operation_model(
        "CreateTrainingJob"
    ).input_shape
    changes = {"subnets": ("subnet-1",), "security_groups": ("sg-1",)}
    for request in (request_of(), request_of(**changes)):
        assert ParamValidator().validate(request, shape).generate_report() == ""


def test_the_request_names_snapshot_hyperparameters_and_output(
    request_of, contract
):
    request = request_of()
    (channel,) = request["InputDataConfig"]
    assert channel["ChannelName"] == "snapshot"
    assert (
        channel["DataSource"]["S3DataSource"]["S3Uri"] == "s3://b/snapshots/r/"
    )
    assert request["HyperParameters"] == {
        "family": "lightgbm",
        "stage": "contact",
        "parent_run_id": "a" * 32,
    }
    assert request["OutputDataConfig"]["S3OutputPath"].endswith(
        f"/sagemaker/{RUN}/"
    )


def test_a_job_runs_in_a_vpc_only_where_subnets_are_set(request_of):
    assert "VpcConfig" not in request_of()
    request = request_of(subnets=("subnet-1",), security_groups=("sg-1",))
    assert request["VpcConfig"] == {
        "Subnets": ["subnet-1"],
        "SecurityGroupIds": ["sg-1"],
    }


def test_a_process_with_the_jobs_environment_has_the_same_settings(monkeypatch):
    given = {
        "MLFLOW_TRACKING_URI": "http://mlflow:5000",
        "LEADS_MAX_AUC_DROP": "0.07",
        "LEADS_TRAINING_SUBNETS": '["s"]',
    }
    with monkeypatch.context() as patch:
        for name, value in given.items():
            patch.setenv(name, value)
        asking = Settings()
    for name in given:
        monkeypatch.delenv(name, raising=False)
    for name, value in environment(asking).items():
        monkeypatch.setenv(name, value)
    assert Settings() == asking


def test_what_is_left_to_default_is_left_out_of_the_environment_except_the_way_to_mlflow(
    monkeypatch,
):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    given = environment(
        Settings(decisions=DecisionOverrides(max_auc_drop=0.07))
    )
    assert given["LEADS_MAX_AUC_DROP"] == "0.07"
    assert given["LEADS_MLFLOW_TRACKING_URI"] == "http://localhost:5000"
    assert "LEADS_MAX_BRIER_RISE" not in given


def archive(name: str, content: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as packed:
        member = tarfile.TarInfo(name)
        member.size = len(content)
        packed.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def test_the_result_is_read_from_the_jobs_archive(bucket):
    uri = f"s3://{bucket}/job/output/model.tar.gz"
    write_bytes(uri, archive("result.json", b'{"family": "lightgbm"}'))
    assert read_result(uri) == {"family": "lightgbm"}


def test_a_refusal_is_read_as_the_local_backend_would_return_it(bucket):
    uri = f"s3://{bucket}/job/output/model.tar.gz"
    refusal = {"stage": "capture", "family": "lightgbm", "refused": "few leads"}
    write_bytes(uri, archive("result.json", json.dumps(refusal).encode()))
    assert read_result(uri) == refusal


@pytest.mark.parametrize("content", [None, archive("half.txt", b"half")])
def test_a_job_without_a_result_is_named(bucket, content):
    uri = f"s3://{bucket}/job/output/model.tar.gz"
    if content:
        write_bytes(uri, content)
    with pytest.raises(
        NoResultError, match=r"model\.tar\.gz holds no result\.json"
    ):
        read_result(uri)


def test_the_bill_can_tell_which_contract_a_job_was_for(request_of, contract):
    tags = {tag["Key"]: tag["Value"] for tag in request_of()["Tags"]}
    assert tags["lead-conversion-contract"] == contract.contract
