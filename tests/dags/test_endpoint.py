"""Models and endpoint configs that exist already, and what a deployment does without champions or after a promotion."""

from types import SimpleNamespace

import pytest
from airflow.sdk.exceptions import AirflowSkipException
from botocore.exceptions import ClientError

from lifecycle.endpoint import bundle_champions, roll_back
from lifecycle.endpoint_operators import unless_it_exists


def refusing(message):
    def create():
        raise ClientError(
            {"Error": {"Code": "ValidationException", "Message": message}},
            "CreateModel",
        )

    return create


def test_what_was_created_is_returned():
    assert unless_it_exists(lambda: "new", lambda: "old") == "new"


@pytest.mark.parametrize(
    "what", ['model "arn:x"', 'endpoint configuration "arn:x"']
)
def test_what_exists_by_its_name_is_taken(what):
    assert (
        unless_it_exists(
            refusing(f"Cannot create already existing {what}."), lambda: "old"
        )
        == "old"
    )


def test_any_other_refusal_fails_the_task():
    with pytest.raises(ClientError, match="no such image"):
        unless_it_exists(refusing("no such image"), lambda: "old")


def test_a_promotion_deploys_nothing_unless_the_setting_says_so():
    with pytest.raises(
        AirflowSkipException, match="LEADS_ENDPOINT_ON_PROMOTION=true"
    ):
        bundle_champions.function(
            "a-run", dag_run=SimpleNamespace(run_type="asset_triggered")
        )


def test_a_deployment_that_was_never_planned_is_not_taken_back():
    with pytest.raises(AirflowSkipException, match="as it was before"):
        roll_back.function(None)
