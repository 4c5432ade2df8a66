"""What local AWS has from the start."""

import pytest
import requests

from include.lake.web import web_address
from localaws.account import Account

PAGE = "<h1>größer</h1>".encode()


@pytest.mark.parametrize(
    "folder",
    [
        "reports/gate/manual__2026-02-03T01-17-00+00-00/",
        "b2b/reports/drift/ä ö/",
    ],
)
def test_a_link_to_a_report_opens_in_a_browser_whatever_its_name_holds(
    endpoint, s3, bucket, folder
):
    key = f"{folder}contact.html"
    s3.put_object(
        Bucket=bucket,
        Key=key,
        Body=PAGE,
        ContentType="text/html; charset=utf-8",
    )
    answer = requests.get(
        web_address(f"s3://{bucket}/{key}", Account().region, endpoint),
        timeout=10,
    )
    assert (answer.status_code, answer.headers["Content-Type"]) == (
        200,
        "text/html; charset=utf-8",
    )
    assert answer.content == PAGE


def test_nothing_else_of_the_bucket_is_open(endpoint, s3, bucket):
    s3.put_object(Bucket=bucket, Key="raw-data/leads.csv", Body=b"private")
    address = web_address(
        f"s3://{bucket}/raw-data/leads.csv", Account().region, endpoint
    )
    assert requests.get(address, timeout=10).status_code == 403
