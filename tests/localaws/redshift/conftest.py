"""Calls of the Data API as other roles, and with members that the pinned boto3 does not know."""

import json
from collections.abc import Callable
from typing import Any, NamedTuple

import boto3
import pytest
import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from localaws.account import Account
from tests.localaws.conftest import Warehouse


class Answer(NamedTuple):
    """Status and body of a raw call."""

    status: int
    body: dict[str, Any]


@pytest.fixture(scope="session")
def call(endpoint: str) -> Callable[..., Answer]:
    """Sign and send a request by hand: the members of July 2026 are newer than the pinned boto3."""

    def send(operation: str, body: Any, key: str = "local") -> Answer:
        text = body if isinstance(body, str) else json.dumps(body)
        headers = {
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": f"RedshiftData.{operation}",
        }
        request = AWSRequest("POST", endpoint + "/", headers, text)
        credentials = Credentials(key, "secret")
        SigV4Auth(credentials, "redshift-data", Account().region).add_auth(
            request
        )
        response = requests.post(
            endpoint + "/",
            data=text,
            headers=dict(request.headers),
            timeout=60,
        )
        return Answer(response.status_code, response.json())

    return send


@pytest.fixture(scope="session")
def as_role(endpoint: str) -> Callable[..., Warehouse]:
    """Return a warehouse that is called with a role's credentials."""

    def warehouse(key: str, secret: str = "x", token: str | None = None) -> Any:  # noqa: S107
        client = boto3.client(
            "redshift-data",
            endpoint_url=endpoint,
            region_name=Account().region,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            aws_session_token=token,
        )
        return Warehouse(client)

    return warehouse
