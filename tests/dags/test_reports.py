"""Pages that tasks write about their findings, and the links that they hand on."""

import boto3
import pytest
from moto import mock_aws

from lead_ops.links import PAGES
from lifecycle.reports import with_drift_page, with_gate_page

REPORTS = "s3://leadconversiondata/reports"


@pytest.fixture
def bucket(monkeypatch):
    from include.settings import settings

    for variable in ("AWS_ENDPOINT_URL", "LEADS_BUCKET"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "ap-south-1")
    settings.cache_clear()
    with mock_aws():
        where = {"LocationConstraint": "ap-south-1"}
        boto3.client("s3").create_bucket(
            Bucket="leadconversiondata", CreateBucketConfiguration=where
        )
        yield
    settings.cache_clear()


def test_a_drift_analysis_hands_on_its_page_and_everything_that_it_found(
    bucket,
):
    from include.lake.objects import write_json
    from tests.s3_text import read_text

    write_json(f"{REPORTS}/drift/r1/summary.json", {"verdict": "drift"})
    result = with_drift_page(
        {"verdict": "drift", "report_uri": f"{REPORTS}/drift/r1/drift.html"}
    )
    assert (result["verdict"], result["report_uri"]) == (
        "drift",
        f"{REPORTS}/drift/r1/drift.html",
    )
    assert "Drift: " in read_text(result["drift_page_uri"])
    assert result["drift_page_url"].startswith(
        "https://s3.console.aws.amazon.com/s3/object/leadconversiondata?"
    )


def test_an_analysis_without_a_report_has_no_page():
    nothing = {"verdict": "no_champion", "report_uri": None}
    assert with_drift_page(nothing) == nothing


def test_a_decision_hands_on_the_page_of_its_record(bucket):
    from include.lake.objects import write_json
    from tests.s3_text import read_text

    uri = f"{REPORTS}/gate/r1/contact.json"
    write_json(
        uri,
        {
            "verdict": "rollback",
            "model": "m",
            "version": "3",
            "stage": "contact",
            "reasons": ["by hand"],
        },
    )
    result = with_gate_page(
        {"verdict": "rollback", "stage": "contact", "report_uri": uri}
    )
    assert "by hand" in read_text(result["gate_page_uri"])
    assert "contact.html" in result["gate_page_url"]


def test_links_look_for_the_keys_that_tasks_hand_on():
    assert {
        "drift_page_url",
        "gate_page_url",
        "model_card_url",
        "mlflow_run_url",
    } == set(PAGES)
