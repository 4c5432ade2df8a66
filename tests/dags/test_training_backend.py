"""The two ways of training and the choice between them."""

import io
import json
import tarfile

import pytest
from airflow.sdk import BaseOperator, TriggerRule

from include.lake.objects import write_bytes
from lifecycle.training_backend import family_results, planned_jobs

GROUPS = [("data_drift_redshift_retrain", "retrain"), ("train_models", "train")]
FORM = {
    "training_backend": "sagemaker",
    "scoring_stages": ["contact", "capture"],
    "families": ["b"],
}


def test_each_family_and_stage_is_one_job_of_the_chosen_backend():
    assert planned_jobs(FORM, ["a", "b"], "sagemaker") == [
        {"family": "b", "stage": "contact", "outcome": ""},
        {"family": "b", "stage": "capture", "outcome": ""},
    ]


def test_each_outcome_is_trained_for_each_stage():
    jobs = planned_jobs(FORM, ["a"], "sagemaker", ["", "paid_back"])
    assert [(job["outcome"], job["stage"]) for job in jobs] == [
        ("", "contact"),
        ("", "capture"),
        ("paid_back", "contact"),
        ("paid_back", "capture"),
    ]


def test_the_other_backend_has_nothing_to_do():
    assert planned_jobs(FORM, ["a", "b"], "airflow") == []


def test_a_form_without_families_trains_them_all():
    form = {"training_backend": "airflow", "scoring_stages": ["contact"]}
    assert [
        job["family"] for job in planned_jobs(form, ["a", "b"], "airflow")
    ] == ["a", "b"]


@pytest.mark.parametrize(("dag_id", "group"), GROUPS)
def test_the_trigger_form_trains_in_airflow_unless_told_otherwise(
    dags, dag_id, group
):
    param = dags[dag_id].params.get_param("training_backend")
    assert param.value == "airflow"
    assert param.schema["enum"] == ["airflow", "sagemaker"]


@pytest.mark.parametrize(("dag_id", "group"), GROUPS)
def test_sagemaker_gets_one_mapped_task_per_job_that_a_kill_stops(
    dags, dag_id, group
):
    task = dags[dag_id].get_task(f"{group}.train_on_sagemaker")
    assert task.is_mapped
    assert task.task_type == "SageMakerTrainingOperator"
    assert task.operator_class.on_kill is not BaseOperator.on_kill
    assert task.upstream_task_ids == {f"{group}.plan_sagemaker_jobs"}


@pytest.mark.parametrize(("dag_id", "group"), GROUPS)
def test_both_ways_meet_where_one_of_them_is_enough(dags, dag_id, group):
    results = dags[dag_id].get_task(f"{group}.family_results")
    assert results.upstream_task_ids == {
        f"{group}.train_family",
        f"{group}.train_on_sagemaker",
    }
    assert results.trigger_rule == TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS
    assert f"{group}.register_challenger" in results.downstream_task_ids


def test_a_job_ends_before_the_task_that_waits_for_it_gives_up(dags):
    from include.endpoint.training_job import MAX_SECONDS

    waiting = dags["train_models"].get_task("train.train_on_sagemaker")
    assert (
        waiting.partial_kwargs["execution_timeout"].total_seconds()
        > MAX_SECONDS
    )


def test_what_a_job_refuses_and_what_it_trains_are_results_alike(bucket):
    refusal = {"stage": "capture", "family": "b", "refused": "too few leads"}
    content = json.dumps(refusal).encode()
    member = tarfile.TarInfo("result.json")
    member.size = len(content)
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        archive.addfile(member, io.BytesIO(content))
    uri = f"s3://{bucket}/job/output/model.tar.gz"
    write_bytes(uri, packed.getvalue())
    job = {"Training": {"ModelArtifacts": {"S3ModelArtifacts": uri}}}
    trained_here = {"stage": "contact", "family": "b"}
    assert family_results.function([trained_here], [job]) == [
        trained_here,
        refusal,
    ]
