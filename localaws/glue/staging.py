"""`s3://` arguments of a Glue job as local files: fetched before the run, written back after it."""

import os
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from localaws.runtime import list_objects, split_uri

Fingerprint = tuple[int, int]


@dataclass(frozen=True)
class StagedUri:
    """One argument: the URI given, its bucket and key, and the folder or file that stands for it."""

    bucket: str
    key: str
    path: Path

    @property
    def is_folder(self) -> bool:
        """Whether the URI names a prefix: it ends with a slash, or turned out to hold objects or files."""
        return self.key.endswith("/") or self.path.is_dir()


class Staging:
    """Local copies of everything under the `s3://` values of a run's arguments.

    Every value is input and output at once, as nothing in an argument says which: what lies under it is fetched,
    and after a successful run what is new or changed is written back and what vanished is deleted. A bucket's key
    keeps its path (`<root>/<bucket>/<key>`) and its modification time.
    """

    def __init__(self, root: Path, s3: Any) -> None:
        self._root = root
        self._s3 = s3
        self._uris: list[StagedUri] = []
        self._before: dict[Path, Fingerprint] = {}

    def localise(self, arguments: dict[str, str]) -> dict[str, str]:
        """Fetch what the arguments name; returns them with `file://` values in place of `s3://`.

        Raises botocore's ClientError for a bucket that is absent.
        """
        staged = {name: self._stage(value) for name, value in arguments.items() if value.startswith("s3://")}
        for uri in self._uris:
            self._before.update(_fingerprints(uri))
        return arguments | staged

    def write_back(self) -> list[str]:
        """Bring S3 up to date with the local files; returns the URIs written or deleted."""
        after: dict[Path, Fingerprint] = {}
        for uri in self._uris:
            after.update(_fingerprints(uri))
        changed = [path for path, mark in after.items() if self._before.get(path) != mark]
        for path in changed:
            self._s3.upload_file(str(path), *self._place(path))
        gone = [path for path in self._before if path not in after]
        for path in gone:
            bucket, key = self._place(path)
            self._s3.delete_object(Bucket=bucket, Key=key)
        return ["s3://{}/{}".format(*self._place(path)) for path in (*changed, *gone)]

    def fetch(self, uri: str) -> Path:
        """Download one object; raises botocore's ClientError (404) if it is absent."""
        bucket, key = split_uri(uri)
        path = self._root / bucket / key
        path.parent.mkdir(parents=True, exist_ok=True)
        described = self._s3.head_object(Bucket=bucket, Key=key)
        self._s3.download_file(bucket, key, str(path))
        modified = described["LastModified"].timestamp()
        os.utime(path, (modified, modified))
        return path

    def _stage(self, uri: str) -> str:
        bucket, key = split_uri(uri)
        staged = StagedUri(bucket, key, self._root / bucket / key)
        staged.path.parent.mkdir(parents=True, exist_ok=True)
        for item in list_objects(self._s3, bucket, key):
            name = item["Key"]
            inside = name == key or name.startswith(key if key.endswith("/") or not key else f"{key}/")
            if inside and not name.endswith("/"):
                self.fetch(f"s3://{bucket}/{name}")
        self._uris.append(staged)
        return f"file://{staged.path}" + ("/" if key.endswith("/") else "")

    def _place(self, path: Path) -> tuple[str, str]:
        bucket, _, key = path.relative_to(self._root).as_posix().partition("/")
        return bucket, key


def _fingerprints(uri: StagedUri) -> dict[Path, Fingerprint]:
    paths = uri.path.rglob("*") if uri.is_folder else [uri.path]
    return {
        path: (path.stat().st_mtime_ns, path.stat().st_size) for path in paths if path.is_file() and _is_output(path)
    }


def _is_output(path: Path) -> bool:
    """Spark on a local disk adds checksum files that it does not write to S3."""
    name = PurePosixPath(path).name
    return not (name.startswith(".") and name.endswith(".crc"))
