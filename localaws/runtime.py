"""Share what the real backends need: the server's address, its data folder, and clients of the server itself."""

from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

import boto3

from localaws.roles import OWNER


@dataclass
class Runtime:
    """One running local AWS.

    The backends read and write S3 and CloudWatch Logs through the server's own endpoint, like any client: moto's
    object store stays behind its API and its locks.
    """

    endpoint: str
    region: str
    data_dir: Path
    workgroup: str
    database: str
    modules: tuple[str, ...] = ()
    """Modules that a training job may start besides the images' own."""
    _clients: dict[tuple[str, str], Any] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def client(self, service: str, role: str = OWNER) -> Any:
        """Return a boto3 client of this server that acts in a role (thread-safe, one per service and role)."""
        with self._lock:  # creating clients from a shared session is not thread-safe, using them is
            if (service, role) not in self._clients:
                self._clients[service, role] = boto3.client(
                    service,  # type: ignore[call-overload]
                    endpoint_url=self.endpoint,
                    region_name=self.region,
                    aws_access_key_id=role,
                    aws_secret_access_key=OWNER,
                )
            return self._clients[service, role]

    def environment(self, role: str) -> dict[str, str]:
        """Return the environment variables that point a process's AWS clients at this server, in a role."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": role,
            "AWS_SECRET_ACCESS_KEY": OWNER,
            "AWS_DEFAULT_REGION": self.region,
        }


def split_uri(uri: str) -> tuple[str, str]:
    """Split an `s3://bucket/key` URI into bucket and key; the key may be empty."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


def list_objects(s3: Any, bucket: str, prefix: str) -> list[dict[str, Any]]:
    """List every object (`Key`, `Size`, `LastModified`) under a prefix, in key order."""
    objects: list[dict[str, Any]] = []
    for page in s3.get_paginator("list_objects_v2").paginate(
        Bucket=bucket, Prefix=prefix
    ):
        objects += page.get("Contents", [])
    return objects
