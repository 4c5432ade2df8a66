"""Reads, writes and lists objects through Hadoop's file system, which knows s3:// on Glue and file:// anywhere."""

import re
from typing import Any, NamedTuple

from py4j.protocol import Py4JJavaError
from pyspark.sql import SparkSession

from include.glue.errors import JobFailedError
from include.glue.source_names import unread_reason

UNREAD_EXAMPLES = 5


class Listing(NamedTuple):
    """The objects below a source folder, by path relative to it.

    Attributes:
        sizes: bytes of each object that is read.
        unread: why each other object is left aside.
    """

    sizes: dict[str, int]
    unread: dict[str, str]


def list_csv_objects(spark: SparkSession, source_uri: str) -> Listing:
    """Return the objects below `source_uri`, at any depth.

    Raises:
        JobFailedError: there is none that is read.
    """
    root, file_system = _open(spark, source_uri)
    sizes: dict[str, int] = {}
    unread: dict[str, str] = {}
    if file_system.exists(root):
        files = file_system.listFiles(root, True)
        while files.hasNext():
            status = files.next()
            path = relative_path(status.getPath().toString(), source_uri)
            reason = unread_reason(path)
            if reason is None:
                sizes[path] = status.getLen()
            else:
                unread[path] = reason
    if not sizes:
        raise _nothing_to_read(source_uri, unread)
    return Listing(sizes, unread)


def _nothing_to_read(source_uri: str, unread: dict[str, str]) -> JobFailedError:
    """Return the error of a folder without data, with what lies there."""
    message = f"no CSV objects under {source_uri}"
    if unread:
        examples = [
            f"{path} ({unread[path]})"
            for path in sorted(unread)[:UNREAD_EXAMPLES]
        ]
        message += f"; {len(unread)} not read: {', '.join(examples)}"
    return JobFailedError(f"{message}; check the prefix that the sensor saw")


def object_uri(source_uri: str, path: str) -> str:
    """Return the address of an object from its path below `source_uri`."""
    if source_uri.rstrip("/").endswith(f"/{path}"):
        return source_uri  # the source is that object
    return f"{source_uri.rstrip('/')}/{path}"


def literal(uri: str) -> str:
    """Return the address so that Hadoop reads no pattern into it."""
    return re.sub(r"([\\{}\[\]*?])", r"\\\1", uri)


def exists(spark: SparkSession, uri: str) -> bool:
    """Return whether there is an object at `uri`."""
    path, file_system = _open(spark, uri)
    return bool(file_system.exists(path))


def read_text(spark: SparkSession, uri: str) -> str:
    """Return the text of an object. Raises JobFailedError where it cannot be read."""
    path, file_system = _open(spark, uri)
    try:
        stream = file_system.open(path)
    except Py4JJavaError as error:
        raise JobFailedError(
            f"{uri} cannot be read; run bootstrap_platform, which uploads it"
        ) from error
    return str(
        spark._jvm.org.apache.commons.io.IOUtils.toString(stream, "UTF-8")
    )


def write_text(spark: SparkSession, uri: str, text: str) -> None:
    """Write an object over whatever was there."""
    path, file_system = _open(spark, uri)
    stream = file_system.create(path, True)
    stream.write(bytearray(text, "utf-8"))
    stream.close()


def relative_path(path: str, source_uri: str) -> str:
    """Return `path` seen from `source_uri`; Hadoop writes file:/x for file:///x, so schemes are left out."""
    root = _without_scheme(source_uri)
    full_path = _without_scheme(path)
    if full_path == root:
        return full_path.rsplit("/", 1)[-1]
    return full_path.removeprefix(root + "/")


def _without_scheme(uri: str) -> str:
    return re.sub(r"^[a-z0-9]+:/*", "/", uri).rstrip("/")


def _open(spark: SparkSession, uri: str) -> tuple[Any, Any]:
    """Return Java's path of a URI and the file system that it lies in."""
    path = spark._jvm.org.apache.hadoop.fs.Path(uri)
    return path, path.getFileSystem(spark._jsc.hadoopConfiguration())
