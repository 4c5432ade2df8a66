"""Training jobs against plain boto3 calls; most containers are a few lines of Python."""

import time

import pytest
from botocore.exceptions import ClientError

from localaws.sagemaker.jobs import MESSAGES

FAIL = """
import os, pathlib, sys
(pathlib.Path(os.environ["SAGEMAKER_BASE_DIR"]) / "output" / "failure").write_text({reason})
sys.exit(3)
"""
ENDLESS = "import time; print('asleep', flush=True); time.sleep(60)"
DEAF = "import signal, time; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
SAVES_ON_SIGTERM = """
import os, pathlib, signal, sys, time
def save(*_):
    (pathlib.Path(os.environ["SAGEMAKER_BASE_DIR"]) / "model" / "half.txt").write_text("half a model")
    sys.exit(0)
signal.signal(signal.SIGTERM, save)
print("ready", flush=True)
time.sleep(60)
"""


def test_the_container_gets_its_command_and_hyperparameters(training):
    seen = training.seen(
        script="seen = [sys.argv[1:], json.loads((root / 'input/config/hyperparameters.json').read_text())]",
        HyperParameters={"family": "lightgbm", "depth": "3"},
    )
    assert seen == [["train"], {"family": "lightgbm", "depth": "3"}]


def test_a_channel_is_a_folder_with_the_objects_below_its_prefix(training):
    training.put("in/a.parquet", b"rows")
    training.put("in/deep/b.txt")
    training.put("input-of-others/c.txt")
    seen = training.seen(
        script="data = root / 'input/data'\n"
        "seen = {str(p.relative_to(data)): p.read_text() for p in data.rglob('*') if p.is_file()}",
        InputDataConfig=[
            training.channel("snapshot"),
            training.channel("one", "in/a.parquet"),
        ],
    )
    assert seen == {
        "snapshot/a.parquet": "rows",
        "snapshot/deep/b.txt": "x",
        "one/a.parquet": "rows",
    }


def test_the_container_is_told_of_its_channels_and_host(training):
    training.put("in/a.txt")
    seen = training.seen(
        script="seen = [json.loads((root / 'input/config' / f'{name}.json').read_text())"
        " for name in ('inputdataconfig', 'resourceconfig')]",
        InputDataConfig=[training.channel("snapshot")],
    )
    assert seen[0] == {
        "snapshot": {
            "TrainingInputMode": "File", "S3DistributionType": "FullyReplicated", "RecordWrapperType": "None",
        }
    }  # fmt: skip
    assert (seen[1]["current_host"], seen[1]["hosts"]) == ("algo-1", ["algo-1"])


def test_the_container_sees_the_environment_it_asked_for_and_this_aws_but_no_settings_of_the_server(
    training, bucket
):
    seen = training.seen(
        script="import boto3\n"
        "buckets = [b['Name'] for b in boto3.client('s3').list_buckets()['Buckets']]\n"
        "names = [name for name in os.environ if name.startswith(('LEADS_', 'MLFLOW_', 'AIRFLOW'))]\n"
        "seen = [os.environ['LEADS_BUCKET'], os.environ['TRAINING_JOB_NAME'], buckets, names]",
        Environment={"LEADS_BUCKET": "asked"},
        TrainingJobName="environment-job",
    )
    assert seen[:2] == ["asked", "environment-job"]
    assert bucket in seen[2]
    assert seen[3] == ["LEADS_BUCKET"]


def test_the_model_folder_becomes_an_archive_below_the_output_path(training):
    script = "(root / 'model' / 'part').mkdir(); (root / 'model' / 'part' / 'a.txt').write_text('a'); seen = 1"
    job = training.run(
        f"import os, pathlib\nroot = pathlib.Path(os.environ['SAGEMAKER_BASE_DIR'])\n{script}"
    )
    name = job["TrainingJobName"]
    uri = f"s3://{training.bucket}/{training.prefix}/out/{name}/output/model.tar.gz"
    assert job["ModelArtifacts"]["S3ModelArtifacts"] == uri
    assert training.model(job) == {"part/a.txt": "a"}


def test_a_job_is_in_progress_until_its_process_has_ended(training):
    name = training.start(
        "import time; print('hello', flush=True); time.sleep(1)"
    )
    during = training.wait(name, "Training")
    assert during["TrainingJobStatus"] == "InProgress"
    assert "TrainingEndTime" not in during
    after = training.wait(name)
    assert after["TrainingJobStatus"] == "Completed"
    statuses = [
        transition["Status"]
        for transition in after["SecondaryStatusTransitions"]
    ]
    assert statuses == [
        "Starting",
        "Downloading",
        "Training",
        "Uploading",
        "Completed",
    ]
    assert (
        after["TrainingEndTime"] - after["TrainingStartTime"]
    ).total_seconds() >= 0.9
    assert training.output(name) == ["hello"]


def test_the_providers_wait_can_tell_every_status_by_its_message():
    assert len(set(MESSAGES.values())) == len(MESSAGES)


def test_a_failed_job_gives_the_failure_file_and_the_exit_status(training):
    job = training.run(FAIL.format(reason="'NotEnoughRowsError: 12 leads'"))
    assert job["TrainingJobStatus"] == job["SecondaryStatus"] == "Failed"
    assert (
        job["FailureReason"]
        == "AlgorithmError: NotEnoughRowsError: 12 leads, exit code: 3"
    )


def test_a_failed_job_leaves_no_model(training):
    job = training.run(FAIL.format(reason="'no'"))
    with pytest.raises(ClientError, match="NoSuchKey"):
        training.model(job)


def test_a_long_failure_file_is_cut_and_the_exit_status_kept(training):
    reason = training.run(FAIL.format(reason="'x' * 5000"))["FailureReason"]
    assert len(reason) == 1024
    assert reason.endswith("xx, exit code: 3")


def test_a_failure_without_a_file_still_gives_the_exit_status_and_its_log(
    training,
):
    job = training.run("raise SystemExit('cannot go on')")
    assert job["FailureReason"] == "AlgorithmError: , exit code: 1"
    assert training.output(job["TrainingJobName"]) == ["cannot go on"]


@pytest.mark.parametrize("exists", [False, True])
def test_a_channel_without_objects_or_bucket_fails_the_job_before_it_trains(
    training, exists
):
    channel = training.channel("snapshot", "absent/")
    if not exists:
        channel["DataSource"]["S3DataSource"]["S3Uri"] = (
            "s3://no-such-bucket/x/"
        )
    job = training.run("print('never')", InputDataConfig=[channel])
    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"].startswith("ClientError: ")
    assert "Training" not in [
        transition["Status"] for transition in job["SecondaryStatusTransitions"]
    ]


@pytest.mark.parametrize("key", ["../../../../x.txt", "/x.txt"])
def test_an_object_that_would_be_a_file_outside_the_jobs_folder_fails_the_job(
    training, key
):
    training.put(f"in/{key}")
    job = training.run("pass", InputDataConfig=[training.channel("snapshot")])
    assert job["TrainingJobStatus"] == "Failed"
    assert f"{key!r} would be a file outside the folder" in job["FailureReason"]


def test_a_channel_whose_name_leads_out_of_the_jobs_folder_fails_the_job(
    training,
):
    training.put("in/a.txt")
    job = training.run("pass", InputDataConfig=[training.channel("..")])
    assert job["TrainingJobStatus"] == "Failed"
    assert "outside the folder" in job["FailureReason"]


def test_without_an_entry_point_the_projects_own_is_run(training):
    job = training.run(None, HyperParameters={"wrong": "1"})
    assert job["TrainingJobStatus"] == "Failed"
    assert "BadHyperparametersError" in job["FailureReason"]
    assert job["FailureReason"].endswith("exit code: 1")


def test_a_stopped_job_is_asked_to_end_and_what_it_saved_is_kept(training):
    name = training.start(SAVES_ON_SIGTERM)
    while not training.output(name):
        training.wait(name, "Training")
    training.api.stop_training_job(TrainingJobName=name)
    assert training.api.describe_training_job(TrainingJobName=name)[
        "TrainingJobStatus"
    ] in ("Stopping", "Stopped")
    job = training.wait(name)
    assert job["TrainingJobStatus"] == job["SecondaryStatus"] == "Stopped"
    assert training.model(job) == {"half.txt": "half a model"}


def test_a_job_that_has_ended_is_not_stopped_again(training):
    name = training.run("pass")["TrainingJobName"]
    training.api.stop_training_job(TrainingJobName=name)
    assert (
        training.api.describe_training_job(TrainingJobName=name)[
            "TrainingJobStatus"
        ]
        == "Completed"
    )


def test_a_job_over_its_longest_time_is_stopped_and_says_so(training):
    began = time.monotonic()
    job = training.run(ENDLESS, StoppingCondition={"MaxRuntimeInSeconds": 1})
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == (
        "Stopped",
        "MaxRuntimeExceeded",
    )
    assert time.monotonic() - began < 30


def test_a_job_that_does_not_listen_is_killed(training):
    job = training.run(DEAF, StoppingCondition={"MaxRuntimeInSeconds": 1})
    assert job["TrainingJobStatus"] == "Stopped"
