"""One local AWS for this folder's tests, and clients of it."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest

from localaws.account import Account
from localaws.server import running

SCRIPT_CONTAINER = "tests.localaws.sagemaker.script_container"
"""Entry point of training jobs that run a script of their own."""
DONE = {"FINISHED", "FAILED", "ABORTED"}


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    with running(modules=[SCRIPT_CONTAINER]) as url:
        yield url


@pytest.fixture(scope="session")
def client(endpoint: str) -> Callable[[str], Any]:
    def make(service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=endpoint,
            region_name=Account().region,
            aws_access_key_id="local",
            aws_secret_access_key="local",
        )

    return make


@pytest.fixture(scope="session")
def s3(client):
    return client("s3")


@pytest.fixture(scope="session")
def glue(client):
    return client("glue")


@pytest.fixture(scope="session")
def data_api(client):
    return client("redshift-data")


@pytest.fixture(scope="session")
def bucket() -> str:
    return Account().bucket


class Warehouse:
    """Runs SQL to its end."""

    target = {
        "WorkgroupName": Account().workgroup,
        "Database": Account().database,
    }

    def __init__(self, api: Any) -> None:
        self.api = api

    def wait(self, statement_id: str) -> dict[str, Any]:
        for _ in range(500):
            described = self.api.describe_statement(Id=statement_id)
            if described["Status"] in DONE:
                return described
            time.sleep(0.02)
        raise TimeoutError(described)

    def run(self, sql: str, **parameters: str) -> dict[str, Any]:
        named = [
            {"name": name, "value": value} for name, value in parameters.items()
        ]
        extra = {"Parameters": named} if named else {}
        return self.wait(
            self.api.execute_statement(Sql=sql, **self.target, **extra)["Id"]
        )

    def batch(self, *sqls: str) -> dict[str, Any]:
        return self.wait(
            self.api.batch_execute_statement(Sqls=list(sqls), **self.target)[
                "Id"
            ]
        )

    def ok(self, *sqls: str) -> None:
        for sql in sqls:
            described = self.run(sql)
            assert described["Status"] == "FINISHED", described.get("Error")

    def rows(self, sql: str, **parameters: str) -> list[list[Any]]:
        described = self.run(sql, **parameters)
        assert described["Status"] == "FINISHED", described.get("Error")
        pages = self.api.get_paginator("get_statement_result").paginate(
            Id=described["Id"]
        )
        return [
            [
                None if "isNull" in cell else next(iter(cell.values()))
                for cell in record
            ]
            for page in pages
            for record in page["Records"]
        ]


@pytest.fixture(scope="session")
def warehouse(data_api) -> Warehouse:
    return Warehouse(data_api)


@pytest.fixture
def table(warehouse, request) -> Iterator[str]:
    """A name for a table of this test alone."""
    name = f"t_{abs(hash(request.node.nodeid)):x}"
    yield name
    warehouse.run(f"DROP TABLE IF EXISTS {name}")
