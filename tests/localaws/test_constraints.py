"""Calls that break AWS's own description of their members, of each service whose work is done here."""

import json

import pytest

from localaws.constraints import CHECKED, find_fault

CRAWLER = {
    "Name": "jobcrawler",
    "Role": "glueaccessrole",
    "Targets": {"S3Targets": [{"Path": "s3://b/raw/"}]},
}
SERIALIZATION, VALIDATION = "SerializationException", "ValidationException"


def fault_of(service, operation, request):
    return find_fault(service, operation, json.dumps(request).encode())


@pytest.mark.parametrize("service", sorted(CHECKED))
@pytest.mark.parametrize("body", [b"{", b"[]", b"null", b"7", b"\xff"])
def test_a_body_that_is_no_json_object_cannot_be_read(service, body):
    code, message = find_fault(service, "Anything", body)
    assert (code, message) == (SERIALIZATION, "The request is no JSON object")


@pytest.mark.parametrize(
    ("change", "code", "message"),
    [
        ({"Name": ""}, VALIDATION, "Value '' at 'Name'"),
        ({"Name": "x" * 256}, VALIDATION, "length less than or equal to 255"),
        ({"Name": None}, VALIDATION, "Value null at 'Name'"),
        ({"Name": 5}, SERIALIZATION, "int can not be converted to string"),
        ({"Targets": []}, SERIALIZATION, "list can not be converted to structure at 'Targets'"),
        ({"Targets": {"S3Targets": [{"Path": True}]}}, SERIALIZATION, "'Targets.S3Targets.1.member.Path'"),
        ({"SchemaChangePolicy": {"DeleteBehavior": "FORGET"}}, VALIDATION, "at 'SchemaChangePolicy.DeleteBehavior'"),
    ],
)  # fmt: skip
def test_a_member_that_is_not_as_described_is_named(change, code, message):
    fault = fault_of("glue", "CreateCrawler", CRAWLER | change)
    assert fault is not None
    assert fault[0] == code
    assert message in fault[1]


def test_all_broken_constraints_are_counted_and_listed():
    code, message = fault_of(
        "glue", "CreateCrawler", CRAWLER | {"Name": "", "Role": None}
    )
    assert code == VALIDATION
    assert message.startswith("2 validation errors detected: ")
    assert "'Role'" in message
    assert "'Name'" in message


@pytest.mark.parametrize(
    ("service", "operation", "request_members"),
    [
        ("glue", "CreateCrawler", CRAWLER),
        ("glue", "CreateCrawler", CRAWLER | {"NewerThanBotocore": [1, {}]}),
        ("glue", "NewerThanBotocore", {"Name": 5}),
        ("redshift-data", "ExecuteStatement", {"Sql": "SELECT 1", "Database": None}),
    ],
)  # fmt: skip
def test_what_is_as_described_or_newer_than_the_description_passes(
    service, operation, request_members
):
    assert fault_of(service, operation, request_members) is None


def test_a_value_of_a_sagemaker_jobs_environment_has_512_characters_at_most():
    request = {"TrainingJobName": "j", "Environment": {"A": "x" * 513}}
    _, message = fault_of("sagemaker", "CreateTrainingJob", request)
    assert "at 'Environment.A' failed to satisfy constraint" in message
