"""Lists, reads and writes objects: with boto3 below s3://, as files below file://, without a Java process.

Glue hands the job s3:// addresses; on a laptop they are folders of files. Both sides of Spark, driver and workers,
use these functions.
"""

import io
import os
import shutil
import uuid
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import IO, Any, NamedTuple

from include.glue.errors import JobFailedError

S3_SCHEMES = ("s3://", "s3a://", "s3n://")


class FoundObject(NamedTuple):
    """An object below a prefix.

    Attributes:
        path: relative to the prefix.
        uri: full address.
        size: in bytes.
        changed: when it was last modified, in milliseconds since 1970.
    """

    path: str
    uri: str
    size: int
    changed: int


@cache
def s3_client() -> Any:
    """Return this process's client of S3; Glue has boto3, a laptop's job does not come here."""
    import boto3

    return boto3.client("s3")


def list_objects(prefix: str) -> list[FoundObject]:
    """Return every object below a prefix or at that very address, by path; names are literal text, never patterns."""
    if _in_s3(prefix):
        return sorted(_objects_in_s3(prefix))
    return sorted(_files_below(prefix))


def _objects_in_s3(prefix: str) -> Iterator[FoundObject]:
    bucket, key = _bucket_and_key(prefix)
    folder = key if key.endswith("/") or not key else key + "/"
    pages = s3_client().get_paginator("list_objects_v2")
    for page in pages.paginate(Bucket=bucket, Prefix=key):
        for item in page.get("Contents", ()):
            name = item["Key"]
            if name.endswith("/") or not (
                name == key or name.startswith(folder)
            ):
                continue
            yield FoundObject(
                name.removeprefix(folder) if name != key else Path(name).name,
                f"s3://{bucket}/{name}",
                item["Size"],
                _changed_in_s3(item),
            )


def _changed_in_s3(answer: Mapping[str, Any]) -> int:
    """Return when an object was last modified; of all answers of S3 some know whole seconds only."""
    return int(answer["LastModified"].timestamp()) * 1000


def _files_below(prefix: str) -> Iterator[FoundObject]:
    root = _local_path(prefix)
    files = [root] if root.is_file() else root.rglob("*")
    for file in files:
        if file.is_file():
            path = file.name if file == root else str(file.relative_to(root))
            yield _found_file(path, file)


def _found_file(path: str, file: Path) -> FoundObject:
    status = file.stat()
    return FoundObject(
        path, f"file://{file}", status.st_size, status.st_mtime_ns // 1_000_000
    )


def open_object(found: FoundObject, offset: int = 0) -> IO[bytes]:
    """Return an object's bytes from an offset on.

    Raises:
        JobFailedError: it vanished, or was written again, since it was listed.
    """
    if offset and offset >= found.size:  # S3 has no range there
        return io.BytesIO()
    if _in_s3(found.uri):
        return _open_in_s3(found, offset)
    try:
        stream = _local_path(found.uri).open("rb")
    except FileNotFoundError as error:
        raise vanished(found) from error
    status = os.fstat(stream.fileno())
    size_and_time = status.st_size, status.st_mtime_ns // 1_000_000
    if size_and_time != (found.size, found.changed):
        stream.close()
        raise _written_again(found)
    stream.seek(offset)
    return stream


def _open_in_s3(found: FoundObject, offset: int) -> IO[bytes]:
    bucket, key = _bucket_and_key(found.uri)
    client = s3_client()
    where = {"Range": f"bytes={offset}-"} if offset else {}
    try:
        answer = client.get_object(Bucket=bucket, Key=key, **where)
    except client.exceptions.NoSuchKey as error:
        raise vanished(found) from error
    changed = _changed_in_s3(answer)
    size = offset + answer["ContentLength"]
    if (size, changed) != (found.size, found.changed):
        answer["Body"].close()
        raise _written_again(found)
    stream: IO[bytes] = answer["Body"]
    return stream


def vanished(found: FoundObject) -> JobFailedError:
    """Return the error of an object that was listed and could not be read any more."""
    source = found.uri.removesuffix(found.path)
    return JobFailedError(
        f"{found.path} under {source} vanished while the job ran; crawl and run the job again"
    )


def _written_again(found: FoundObject) -> JobFailedError:
    source = found.uri.removesuffix(found.path)
    return JobFailedError(
        f"{found.path} under {source} was written again while the job ran; run the job again"
    )


def read_bytes(uri: str) -> bytes:
    """Return the content of an object. Raises FileNotFoundError where there is none."""
    if not _in_s3(uri):
        return _local_path(uri).read_bytes()
    bucket, key = _bucket_and_key(uri)
    client = s3_client()
    try:
        answer = client.get_object(Bucket=bucket, Key=key)
    except client.exceptions.NoSuchKey as error:
        raise FileNotFoundError(uri) from error
    content: bytes = answer["Body"].read()
    return content


def write_bytes(uri: str, content: bytes) -> None:
    """Write an object over whatever was there; nobody ever sees half of it."""
    if _in_s3(uri):
        bucket, key = _bucket_and_key(uri)
        s3_client().put_object(Bucket=bucket, Key=key, Body=content)
        return
    path = _local_path(uri)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    unfinished.write_bytes(content)
    unfinished.replace(path)


def delete_below(prefix: str) -> None:
    """Delete every object below a prefix that ends with a slash."""
    if not _in_s3(prefix):
        shutil.rmtree(_local_path(prefix), ignore_errors=True)
        return
    bucket, key = _bucket_and_key(prefix)
    pages = s3_client().get_paginator("list_objects_v2")
    for page in pages.paginate(Bucket=bucket, Prefix=key):
        keys = [{"Key": item["Key"]} for item in page.get("Contents", ())]
        if keys:
            s3_client().delete_objects(Bucket=bucket, Delete={"Objects": keys})


def _in_s3(uri: str) -> bool:
    return uri.startswith(S3_SCHEMES)


def _bucket_and_key(uri: str) -> tuple[str, str]:
    bucket, _, key = uri.partition("://")[2].partition("/")
    return bucket, key


def _local_path(uri: str) -> Path:
    """Return the path of a file: address; a name in it is literal text, `%20` too."""
    return Path("/" + uri.removeprefix("file:").lstrip("/"))
