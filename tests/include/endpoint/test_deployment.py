"""A deployment on local AWS, where containers really start: to the endpoint, to a newer champion, and back."""

import json

import boto3
import pytest

from include.endpoint import deployment
from include.endpoint.errors import NotDeployedError
from include.lake.layout import Layout
from include.lake.objects import list_objects, write_bytes
from include.settings import EndpointSettings, Settings, settings

PACKED = {
    "model_data_url": "s3://b/a/model.tar.gz",
    "sha256": "0" * 64,
    "versions": "contact-7-capture-3",
}


def requests(contract, packed=PACKED, **changes):
    """The requests of a deployment with changed settings of the endpoint."""
    current = Settings(endpoint=EndpointSettings(**changes))
    return deployment.requests(current, Layout(current, contract), packed)


def test_model_and_config_share_a_name_that_says_endpoint_and_versions(
    contract,
):
    asked = requests(contract)
    assert asked["name"].startswith("lead-conversion-contact-7-capture-3-")
    assert (
        asked["model"]["ModelName"]
        == asked["config"]["EndpointConfigName"]
        == asked["name"]
    )
    assert (
        asked["config"]["ProductionVariants"][0]["ModelName"] == asked["name"]
    )
    assert asked["endpoint"] == {
        "EndpointName": "lead-conversion",
        "EndpointConfigName": asked["name"],
    }


def test_the_same_champions_have_the_same_name_wherever_their_archive_lies(
    contract,
):
    name = requests(contract)["name"]
    assert (
        requests(
            contract, PACKED | {"model_data_url": "s3://b/z/model.tar.gz"}
        )["name"]
        == name
    )


@pytest.mark.parametrize(
    "change",
    [
        {"image": "other:2"},
        {"instance": "ml.m5.xlarge"},
        {"capture_percentage": 0},
    ],
)
def test_anything_else_that_is_deployed_has_a_name_of_its_own(contract, change):
    name = requests(contract)["name"]
    assert requests(contract, **change)["name"] != name
    assert requests(contract, PACKED | {"sha256": "1" * 64})["name"] != name


def test_newer_counts_alone_are_deployed_only_where_they_are_asked_for(
    contract,
):
    served = requests(contract, PACKED | {"counts_sha256": "a" * 64})
    newer = requests(contract, PACKED | {"counts_sha256": "b" * 64})
    other = requests(contract, PACKED | {"sha256": "1" * 64})
    state = {"config": served["name"], "status": "InService"}
    assert newer["name"] != served["name"]
    assert deployment.is_deployed(state, newer)
    assert not deployment.is_deployed(state, newer, bring_counts=True)
    assert deployment.is_deployed(state, served, bring_counts=True)
    assert not deployment.is_deployed(state, other)
    assert not deployment.is_deployed(state | {"status": "Failed"}, newer)
    assert not deployment.is_deployed(None, newer)


def test_another_contract_has_a_name_of_its_own(contract):
    changed = contract.model_copy(update={"description": "changed"})
    assert requests(changed)["name"] != requests(contract)["name"]


def test_a_long_name_is_cut_where_sagemaker_would_refuse_it(contract):
    asked = requests(contract, name="e" * 60)
    assert len(asked["name"]) <= 63
    counts = PACKED | {"counts_sha256": "a" * 64}
    assert len(requests(contract, counts, name="e" * 60)["name"]) <= 63


def test_requests_and_answers_are_captured_as_text_at_the_share_of_the_settings(
    contract,
):
    capture = requests(contract, capture_percentage=5)["config"][
        "DataCaptureConfig"
    ]
    assert (capture["EnableCapture"], capture["InitialSamplingPercentage"]) == (
        True,
        5,
    )
    assert [one["CaptureMode"] for one in capture["CaptureOptions"]] == [
        "Input",
        "Output",
    ]
    assert capture["CaptureContentTypeHeader"]["CsvContentTypes"] == [
        "text/csv"
    ]
    off = requests(contract, capture_percentage=0)["config"][
        "DataCaptureConfig"
    ]
    assert off["EnableCapture"] is False


def test_the_container_reaches_nothing_and_has_the_settings_of_this_process(
    contract,
):
    model = requests(contract)["model"]
    assert model["EnableNetworkIsolation"] is True
    assert model["PrimaryContainer"]["Environment"]["OMP_NUM_THREADS"] == "1"


def test_champions_are_deployed_checked_replaced_without_a_gap_and_taken_back(
    deploy, settled, packed, layout, contract
):
    assert deployment.present(settings()) is None
    first = deploy(old := packed("1"))
    assert (
        deployment.verify(settings(), contract, first, old["versions"])[
            "config"
        ]
        == first
    )
    captured = list_objects(layout.endpoint_capture)
    assert captured

    second = deploy(new := packed("2"))
    assert (
        deployment.verify(settings(), contract, second, new["versions"])[
            "versions"
        ]
        == "contact-2-capture-2"
    )
    with pytest.raises(NotDeployedError, match=f"should serve {first}"):
        deployment.verify(settings(), contract, first, old["versions"])
    with pytest.raises(NotDeployedError, match="answers with"):
        deployment.verify(settings(), contract, second, "contact-9-capture-9")

    assert deployment.roll_back(settings(), first) == {
        "endpoint": settings().endpoint.name,
        "config": first,
    }
    assert settled() == {"config": first, "status": "InService"}
    deployment.verify(settings(), contract, first, old["versions"])
    assert deployment.roll_back(settings(), first) is None


def test_an_update_that_cannot_start_leaves_what_served_in_service_and_is_noticed(
    deploy, packed, layout, contract
):
    first = deploy(good := packed("1"))
    write_bytes(uri := layout.endpoint_model("broken"), b"no archive")
    broken = deploy(
        {
            "model_data_url": uri,
            "sha256": "f" * 64,
            "versions": "contact-2-capture-2",
        }
    )
    now = deployment.present(settings())
    assert (now["config"], now["status"]) == (first, "InService")
    assert "extract model data" in now["reason"]
    with pytest.raises(NotDeployedError, match=f"should serve {broken}"):
        deployment.verify(settings(), contract, broken, "contact-2-capture-2")
    assert deployment.roll_back(settings(), first) is None
    deployment.verify(settings(), contract, first, good["versions"])


def test_a_first_deployment_that_fails_leaves_no_endpoint_behind(
    deploy, layout, contract
):
    write_bytes(uri := layout.endpoint_model("broken"), b"no archive")
    name = deploy(
        {
            "model_data_url": uri,
            "sha256": "f" * 64,
            "versions": "contact-2-capture-2",
        }
    )
    assert deployment.present(settings())["status"] == "Failed"
    with pytest.raises(NotDeployedError):
        deployment.verify(settings(), contract, name, "contact-2-capture-2")
    assert deployment.roll_back(settings(), None) is None
    assert deployment.present(settings()) is None


def test_a_lead_gets_the_score_of_the_scorer_from_the_endpoint(
    deploy, packed, staged, mixed
):
    deploy(packed("1"))
    leads = json.loads(
        mixed.head(20).drop(columns="won").to_json(orient="records")
    )
    answer = boto3.client("sagemaker-runtime").invoke_endpoint(
        EndpointName=settings().endpoint.name,
        ContentType="application/json",
        Body=json.dumps(leads),
    )
    predictions = json.loads(answer["Body"].read())["predictions"]
    assert [one["score"] for one in predictions] == staged.score(
        mixed.head(20)
    )["score"].tolist()
