"""Single S3 objects in and out: text, JSON, files and listings, addressed by s3:// URIs.

A job that has been handed a local copy of an S3 folder reads it by the same functions as file:///folder/.
"""

import json
import mimetypes
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from boto3.exceptions import S3UploadFailedError
from botocore.exceptions import ClientError

from include.lake.aws import aws_client
from include.lake.errors import ObjectMissingError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

LOCAL = "file://"
MISSING_CODES = ("NoSuchKey", "NoSuchBucket", "404")


def split_uri(uri: str) -> tuple[str, str]:
    """Return bucket and key of an s3:// URI; the key may be empty. Raises ValueError for anything else."""
    scheme, _, address = uri.partition("://")
    bucket, _, key = address.partition("/")
    if scheme != "s3" or not bucket:
        raise ValueError(f"{uri!r} is not an S3 URI; expected s3://bucket/key")
    return bucket, key


def s3_client() -> "S3Client":
    """Return the process's S3 client."""
    client: S3Client = aws_client("s3")
    return client


@contextmanager
def _naming_what_is_missing(uri: str) -> Iterator[None]:
    """Raise ObjectMissingError with the URI in place of S3's own errors about a missing object or bucket."""
    try:
        yield
    except (ClientError, S3UploadFailedError) as error:
        answer = (
            error if isinstance(error, ClientError) else error.__context__
        )  # an upload in parts wraps it
        if (
            isinstance(answer, ClientError)
            and answer.response["Error"]["Code"] in MISSING_CODES
        ):
            raise ObjectMissingError(uri) from error
        raise


def read_bytes(uri: str) -> bytes:
    """Return the content of the object at `uri`. Raises ObjectMissingError."""
    if uri.startswith(LOCAL):
        return _read_file(uri)
    bucket, key = split_uri(uri)
    with _naming_what_is_missing(uri):
        return s3_client().get_object(Bucket=bucket, Key=key)["Body"].read()


def _read_file(uri: str) -> bytes:
    try:
        return Path(uri.removeprefix(LOCAL)).read_bytes()
    except FileNotFoundError as error:
        raise ObjectMissingError(uri) from error


def write_bytes(uri: str, content: bytes) -> None:
    """Store `content` as the object at `uri`, over whatever was there. Raises ObjectMissingError without the bucket.

    Its type follows from the name's ending, so that a browser shows a page instead of saving it.
    """
    bucket, key = split_uri(uri)
    with _naming_what_is_missing(uri):
        s3_client().put_object(
            Bucket=bucket, Key=key, Body=content, ContentType=_content_type(key)
        )


def _content_type(key: str) -> str:
    content_type, packing = mimetypes.guess_type(key)
    if content_type is None or packing:
        return "application/octet-stream"
    if content_type.startswith("text/"):
        return f"{content_type}; charset=utf-8"
    return content_type


def write_text(uri: str, text: str) -> None:
    """Store `text` as UTF-8."""
    write_bytes(uri, text.encode("utf-8"))


def read_json(uri: str) -> Any:
    """Return the parsed JSON of the object at `uri`. Raises ObjectMissingError."""
    return json.loads(read_bytes(uri))


def write_json(uri: str, content: object) -> None:
    """Store `content` as indented JSON; dates and the like as their text."""
    write_text(uri, json.dumps(content, indent=2, default=str) + "\n")


def upload_file(path: str | Path, uri: str) -> None:
    """Upload a local file, in parts where it is large. Raises ObjectMissingError without the bucket."""
    bucket, key = split_uri(uri)
    with _naming_what_is_missing(uri):
        s3_client().upload_file(str(path), bucket, key)


def copy_object(source_uri: str, target_uri: str) -> None:
    """Copy an object inside of S3, over whatever was there. Raises ObjectMissingError."""
    bucket, key = split_uri(source_uri)
    target_bucket, target_key = split_uri(target_uri)
    with _naming_what_is_missing(source_uri):
        s3_client().copy(
            {"Bucket": bucket, "Key": key}, target_bucket, target_key
        )


def download_file(uri: str, path: str | Path) -> None:
    """Download the object at `uri` into a local file, in parts where it is large. Raises ObjectMissingError."""
    bucket, key = split_uri(uri)
    with _naming_what_is_missing(uri):
        s3_client().download_file(bucket, key, str(path))


def version_of(uri: str) -> str:
    """Return a mark of an object's content (its ETag), another one once it is changed. Raises ObjectMissingError."""
    bucket, key = split_uri(uri)
    with _naming_what_is_missing(uri):
        head = s3_client().head_object(Bucket=bucket, Key=key)
    return head["ETag"]


def delete_objects(uris: Iterable[str]) -> None:
    """Delete objects; one that is not there is no error. Raises ObjectMissingError without the bucket."""
    for uri in uris:
        bucket, key = split_uri(uri)
        with _naming_what_is_missing(uri):
            s3_client().delete_object(Bucket=bucket, Key=key)


class StoredObject(NamedTuple):
    """An S3 object as a listing shows it: address, bytes and when it was last written, in UTC."""

    uri: str
    size: int
    stored_at: datetime


def list_objects(uri: str) -> list[str]:
    """Return the URIs of all objects that begin with `uri`, sorted. Raises ObjectMissingError without the bucket."""
    if uri.startswith(LOCAL):
        return sorted(
            f"{LOCAL}{path}"
            for path in Path(uri.removeprefix(LOCAL)).rglob("*")
            if path.is_file()
        )
    return [stored.uri for stored in stored_objects(uri)]


def stored_objects(uri: str) -> list[StoredObject]:
    """Return every object whose s3:// URI begins with `uri`, by name.

    Raises:
        ObjectMissingError: there is no such bucket.
    """
    bucket, prefix = split_uri(uri)
    pages = (
        s3_client()
        .get_paginator("list_objects_v2")
        .paginate(Bucket=bucket, Prefix=prefix)
    )
    objects: list[StoredObject] = []
    with _naming_what_is_missing(uri):
        for page in pages:
            for item in page.get("Contents", []):
                objects.append(
                    StoredObject(
                        f"s3://{bucket}/{item['Key']}",
                        item["Size"],
                        item["LastModified"],
                    )
                )
    return sorted(objects)
