"""Addresses of objects in S3 that a browser opens."""

import boto3
import pytest

from include.lake.aws import endpoint_of
from include.lake.objects import write_bytes
from include.lake.web import browser_address, web_address
from include.settings import settings

URI = "s3://leads/reports/gate/manual__2026-02-03T01-17-00+00-00/contact.html"


def test_on_aws_it_is_the_objects_page_in_the_console():
    assert web_address(URI, "eu-west-1") == (
        "https://s3.console.aws.amazon.com/s3/object/leads?region=eu-west-1"
        "&prefix=reports%2Fgate%2Fmanual__2026-02-03T01-17-00%2B00-00%2Fcontact.html"
    )


def test_a_vpc_endpoint_of_aws_opens_nothing_in_a_browser_so_it_is_the_console_too():
    endpoint = "https://bucket.vpce-1a2b.s3.eu-west-1.vpce.amazonaws.com"
    assert web_address(URI, "eu-west-1", endpoint) == web_address(
        URI, "eu-west-1"
    )


@pytest.mark.parametrize(
    "endpoint", ["http://localhost:4566", "http://localhost:4566/"]
)
def test_at_another_endpoint_it_is_the_object_itself(endpoint):
    assert web_address(URI, "eu-west-1", endpoint).startswith(
        "http://localhost:4566/leads/reports/gate/"
    )


def test_this_processs_own_endpoint_and_region_are_taken(bucket, monkeypatch):
    assert browser_address(settings(), URI).startswith(
        f"{endpoint_of('s3')}/leads/reports/"
    )
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    assert browser_address(settings(), URI) == web_address(URI, "ap-south-1")


def test_a_browser_that_cannot_reach_this_processs_endpoint_is_sent_elsewhere(
    bucket, monkeypatch
):
    monkeypatch.setenv("LEADS_WEB_S3", "http://localhost:14566")
    settings.cache_clear()
    assert browser_address(settings(), URI).startswith(
        "http://localhost:14566/leads/reports/"
    )
    assert endpoint_of("s3") != "http://localhost:14566"


def test_what_is_not_in_s3_has_no_address():
    with pytest.raises(ValueError, match="not an S3 URI"):
        web_address("file:///tmp/x.html", "eu-west-1")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.html", "text/html; charset=utf-8"),
        ("a.json", "application/json"),
        ("a.png", "image/png"),
        ("a.csv.gz", "application/octet-stream"),
        ("a.unknown-ending", "application/octet-stream"),
    ],
)
def test_an_objects_type_follows_from_its_name(bucket, name, kind):
    write_bytes(f"s3://{bucket}/{name}", b"content")
    client = boto3.client(
        "s3", endpoint_url=endpoint_of("s3"), region_name="ap-south-1"
    )
    assert client.head_object(Bucket=bucket, Key=name)["ContentType"] == kind
