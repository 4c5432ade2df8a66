"""Name everything that a smoke run makes: tables, folders and a Glue job of its own, beside the stage's."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import boto3
from botocore.exceptions import ClientError

from include.contract import Contract, load_contract
from include.lake.layout import Layout
from include.lake.objects import s3_client, split_uri
from include.settings import Settings
from include.warehouse.client import Warehouse
from include.warehouse.templates import Statements
from infra.smoke.run import Cleaning
from infra.teardown import empty_bucket


@dataclass
class Scratch:
    """Hold what the steps share.

    Attributes:
        session: account and region of the person who runs it.
        settings: the stage's.
        outputs: of the stage's stacks.
        run: key of this run; it ends every folder and begins every table.
        cleaning: gets what must go.
    """

    session: boto3.Session
    settings: Settings
    outputs: Mapping[str, str]
    run: str = field(
        default_factory=lambda: f"smoke-{datetime.now(UTC):%Y%m%dt%H%M%S}"
    )
    cleaning: Cleaning = field(default_factory=Cleaning)

    @cached_property
    def contract(self) -> Contract:
        """Return the stage's contract with tables of this run."""
        contract = load_contract(self.settings.contract)
        begin = self.run.replace("-", "_")
        tables = {
            "table": f"{begin}_leads",
            "scores_table": f"{begin}_scores",
            "drift_table": f"{begin}_drift",
            "promotions_table": f"{begin}_promotions",
            "feedback_table": f"{begin}_feedback",
        }
        names = contract.names.model_copy(update=tables)
        return contract.model_copy(update={"names": names})

    @cached_property
    def layout(self) -> Layout:
        """Return where things lie: below the stage's prefixes, which its roles may use."""
        return Layout(self.settings, self.contract)

    @cached_property
    def warehouse(self) -> Warehouse:
        """Return the stage's warehouse, asked as the person who runs this."""
        return Warehouse(self.settings)

    @cached_property
    def statements(self) -> Statements:
        """Return the project's statements for the tables of this run."""
        return Statements(self.settings, self.contract)

    @property
    def scripts(self) -> str:
        """Return the folder of the Glue job of this run."""
        return self.layout.job_script.rpartition("/")[0] + f"/{self.run}/"

    def use_folder(self, uri: str) -> str:
        """Return the folder, which will be removed with all versions of its objects."""
        if f"/{self.run}/" not in uri and not uri.endswith(f"={self.run}/"):
            raise ValueError(f"{uri} is no folder of run {self.run}")
        bucket, prefix = split_uri(uri)
        self.cleaning.add(
            uri, lambda: empty_bucket(s3_client(), bucket, prefix)
        )
        return uri

    def encryption(self, uris: list[str]) -> dict[str, Any]:
        """Return with what the objects are encrypted, and whether always with the stage's key."""
        algorithms = set()
        keys = set()
        for uri in uris:
            bucket, key = split_uri(uri)
            head: Mapping[str, Any] = s3_client().head_object(
                Bucket=bucket, Key=key
            )
            algorithms.add(head.get("ServerSideEncryption", "none"))
            keys.add(head.get("SSEKMSKeyId", "none"))
        return {
            "encryption": sorted(algorithms),
            "the stage's key": keys == {self.outputs["KeyArn"]},
        }


def stage_settings(variables: Mapping[str, str]) -> Settings:
    """Return the settings that the code on MWAA has; what is set of them in this process counts for nothing."""
    before = dict(os.environ)
    try:
        for name in before:
            if name.startswith("LEADS_"):
                del os.environ[name]
        os.environ.update(variables)
        return Settings()
    finally:
        os.environ.clear()
        os.environ.update(before)


def is_missing(error: ClientError) -> bool:
    """Tell whether AWS says that a thing is not there."""
    code = error.response["Error"]["Code"]
    return code in ("NoSuchEntity", "EntityNotFoundException")
