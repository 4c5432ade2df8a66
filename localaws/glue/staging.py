"""Stage the `s3://` arguments of a Glue job as local files: fetched before the run, written back after it."""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from localaws.errors import OutsideFolderError
from localaws.paths import inside
from localaws.runtime import list_objects, split_uri

QUOTED_URI = re.compile(r'"(s3://[^"]+)"')
"""An address within a value that is JSON."""
QUOTED_FILE = re.compile(r'"(file:[^"]*)"')
Fingerprint = tuple[int, int]
"""Modification time in nanoseconds, and size."""


@dataclass(frozen=True)
class StagedUri:
    """One argument: bucket and key of its URI, and the folder or file that stands for it."""

    bucket: str
    key: str
    path: Path

    @property
    def is_folder(self) -> bool:
        """Tell whether the URI names a prefix: it ends with a slash, or turned out to hold objects or files."""
        return self.key.endswith("/") or self.path.is_dir()


class Staging:
    """Local copies of everything under the `s3://` values of a run's arguments, those within JSON included.

    Every value is input and output at once, as nothing in an argument says which: what lies under it is fetched,
    and after a successful run what is new or changed is written back and what vanished is deleted. A bucket's key
    keeps its path (`<root>/<bucket>/<key>`) and its modification time.
    """

    def __init__(self, root: Path, s3: Any) -> None:
        self._root = root
        self._s3 = s3
        self._uris: list[StagedUri] = []
        self._fetched: dict[Path, Fingerprint] = {}

    def localise(self, arguments: dict[str, str]) -> dict[str, str]:
        """Fetch what the arguments name; return them with `file://` values in place of `s3://`.

        Raises:
            OutsideFolderError: an argument is a `file:` URI, or a key would be a file outside the run's folder.
            botocore.exceptions.ClientError: a bucket is absent.
        """
        for value in arguments.values():
            if value.startswith("file:"):
                raise OutsideFolderError(value)
            quoted = QUOTED_FILE.search(value)
            if quoted:
                raise OutsideFolderError(quoted[1])
        staged = {
            name: self._localised(value) for name, value in arguments.items()
        }
        self._fetched = self._fingerprints()
        return staged

    def _localised(self, value: str) -> str:
        """Return a value with local addresses in place of those in S3, whose objects are fetched."""
        if value.startswith("s3://"):
            return self._stage(value)
        return QUOTED_URI.sub(
            lambda address: f'"{self._stage(address[1])}"', value
        )

    def write_back(self) -> list[str]:
        """Bring S3 up to date with the local files; return the URIs written or deleted."""
        present = self._fingerprints()
        changed = [
            path
            for path, fingerprint in present.items()
            if self._fetched.get(path) != fingerprint
        ]
        removed = [path for path in self._fetched if path not in present]
        for path in changed:
            bucket, key = self._place(path)
            self._s3.upload_file(str(path), bucket, key)
        for path in removed:
            bucket, key = self._place(path)
            self._s3.delete_object(Bucket=bucket, Key=key)
        return [
            "s3://{}/{}".format(*self._place(path))
            for path in (*changed, *removed)
        ]

    def fetch(self, uri: str) -> Path:
        """Download one object.

        Raises:
            OutsideFolderError: its key would be a file outside the run's folder.
            botocore.exceptions.ClientError: it is absent (404).
        """
        bucket, key = split_uri(uri)
        path = inside(inside(self._root, bucket), key)
        path.parent.mkdir(parents=True, exist_ok=True)
        head = self._s3.head_object(Bucket=bucket, Key=key)
        self._s3.download_file(bucket, key, str(path))
        modified = head["LastModified"].timestamp()
        os.utime(path, (modified, modified))
        return path

    def _stage(self, uri: str) -> str:
        """Fetch the objects under a URI; return the `file://` URI of the folder or file that stands for it."""
        bucket, key = split_uri(uri)
        path = inside(inside(self._root, bucket), key)
        staged = StagedUri(bucket, key, path)
        staged.path.parent.mkdir(parents=True, exist_ok=True)
        for item in list_objects(self._s3, bucket, key):
            object_key = item["Key"]
            if _is_below(object_key, key) and not object_key.endswith("/"):
                self.fetch(f"s3://{bucket}/{object_key}")
        self._uris.append(staged)
        slash = "/" if key.endswith("/") else ""
        return f"file://{staged.path}{slash}"

    def _place(self, path: Path) -> tuple[str, str]:
        """Return bucket and key of a local file."""
        bucket, _, key = path.relative_to(self._root).as_posix().partition("/")
        return bucket, key

    def _fingerprints(self) -> dict[Path, Fingerprint]:
        """Return the fingerprint of every file that stands for an object."""
        fingerprints = {}
        for uri in self._uris:
            paths = uri.path.rglob("*") if uri.is_folder else [uri.path]
            for path in paths:
                if path.is_file() and not _is_checksum(path):
                    status = path.stat()
                    fingerprints[path] = (status.st_mtime_ns, status.st_size)
        return fingerprints


def _is_below(object_key: str, key: str) -> bool:
    """Tell whether an object is the one of a key or lies in its folder; `leads-old/` does not lie in `leads`."""
    folder = key if key.endswith("/") or not key else f"{key}/"
    return object_key == key or object_key.startswith(folder)


def _is_checksum(path: Path) -> bool:
    """Tell whether a file is one of those that Spark adds on a local disk and does not write to S3."""
    return path.name.startswith(".") and path.name.endswith(".crc")
