"""What the real backends share: where the server listens, where it keeps files, and clients to itself."""

from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

import boto3

ACCESS_KEY = "local"


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
    _clients: dict[str, Any] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def client(self, service: str) -> Any:
        """A boto3 client of this server (thread-safe, one per service)."""
        with self._lock:  # creating clients from a shared session is not thread-safe, using them is
            if service not in self._clients:
                self._clients[service] = boto3.client(
                    service,  # type: ignore[call-overload]
                    endpoint_url=self.endpoint,
                    region_name=self.region,
                    aws_access_key_id=ACCESS_KEY,
                    aws_secret_access_key=ACCESS_KEY,
                )
            return self._clients[service]

    def environment(self) -> dict[str, str]:
        """Environment variables that point a process's AWS clients at this server."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": ACCESS_KEY,
            "AWS_DEFAULT_REGION": self.region,
        }


def split_uri(uri: str) -> tuple[str, str]:
    """Bucket and key of an `s3://bucket/key` URI; the key may be empty."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


def list_objects(s3: Any, bucket: str, prefix: str) -> list[dict[str, Any]]:
    """Every object (`Key`, `Size`, `LastModified`) under a prefix, in key order."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return [item for page in pages for item in page.get("Contents", [])]
