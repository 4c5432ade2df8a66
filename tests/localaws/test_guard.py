"""What a web page that is open on this machine can do with local AWS: nothing."""

import subprocess
import sys
from collections.abc import Iterator

import pytest
import requests

from localaws.guard import Guard

TARGET = {
    "X-Amz-Target": "SageMaker.ListTrainingJobs",
    "Content-Type": "application/x-amz-json-1.1",
    "Authorization": "AWS4-HMAC-SHA256 Credential=local/20260101/ap-south-1/sagemaker/aws4_request",
}


def post(endpoint: str, **headers: str) -> requests.Response:
    return requests.post(
        endpoint, data="{}", headers=TARGET | headers, timeout=10
    )


@pytest.mark.parametrize(
    "origin", ["https://example.com", "http://localhost:8080", "null"]
)
def test_a_request_of_a_web_page_is_refused(endpoint, origin):
    answer = post(endpoint, Origin=origin)
    assert answer.status_code == 403
    assert "Origin" in answer.json()["message"]


def test_a_preflight_request_gets_no_leave(endpoint):
    answer = requests.options(
        endpoint,
        headers={
            "Origin": "https://example.com",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "x-amz-target",
        },
        timeout=10,
    )
    assert answer.status_code == 403
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_no_answer_allows_other_origins_to_read_it(endpoint):
    answer = post(endpoint)
    assert answer.status_code == 200
    names = [name.lower() for name in answer.headers]
    assert not [name for name in names if name.startswith("access-control")]


@pytest.mark.parametrize(
    "host", ["rebound.example.com", "localhost.example.com:4566", "aws", ""]
)
def test_a_host_that_is_not_its_own_is_refused(endpoint, host):
    answer = post(endpoint, Host=host)
    assert answer.status_code == 403
    assert "none of its names" in answer.json()["message"]


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST:1", "127.0.0.1:4566", "[::1]:4566", "[::1]"],
)
def test_it_answers_under_its_own_names_whatever_the_port(endpoint, host):
    assert post(endpoint, Host=host).status_code == 200


def test_an_image_in_a_foreign_page_is_refused_and_a_link_in_a_local_one_is_not(
    endpoint,
):
    url = f"{endpoint}/moto-api/"
    statuses = []
    for site in ("cross-site", "same-site", "none"):
        headers = {"Sec-Fetch-Site": site}
        statuses.append(
            requests.get(url, headers=headers, timeout=10).status_code
        )
    assert statuses == [403, 200, 200]


def test_further_names_are_those_it_is_started_with(tmp_path):
    command = [
        sys.executable,
        "-m",
        "localaws",
        "serve",
        "--port",
        "0",
        "--empty",
    ]
    command += ["--data-dir", str(tmp_path), "--host-name", "aws"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        line = process.stdout.readline()
        endpoint = line.removeprefix("local AWS is ready at ").strip()
        statuses = [
            post(endpoint, Host=host).status_code
            for host in ("aws:4566", "localhost:4566", "mlflow:4566")
        ]
    finally:
        process.terminate()
        process.communicate(timeout=20)
    assert statuses == [200, 200, 403]


def test_what_is_refused_never_reaches_the_application():
    def application(environ, start_response) -> Iterator[bytes]:
        raise AssertionError(environ)

    body = Guard(application)({"HTTP_HOST": "x"}, lambda status, headers: None)
    assert b"refused by local AWS" in b"".join(body)
