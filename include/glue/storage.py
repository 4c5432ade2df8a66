"""Reads, writes and lists objects through Hadoop's file system, which knows s3:// on Glue and file:// anywhere."""

import re
from typing import Any

from py4j.protocol import Py4JJavaError
from pyspark.sql import SparkSession

from include.glue.errors import JobFailedError


def list_csv_objects(spark: SparkSession, source_uri: str) -> dict[str, int]:
    """Return the size in bytes of each CSV object below `source_uri`, by path relative to it.

    Objects whose names begin with `_` or `.` are not data.

    Raises:
        JobFailedError: there is none.
    """
    root, file_system = _open(spark, source_uri)
    sizes: dict[str, int] = {}
    if file_system.exists(root):
        files = file_system.listFiles(root, True)
        while files.hasNext():
            status = files.next()
            path = relative_path(status.getPath().toString(), source_uri)
            if _is_data(path):
                sizes[path] = status.getLen()
    if not sizes:
        raise JobFailedError(
            f"no CSV objects under {source_uri}; check the prefix that the sensor saw"
        )
    return sizes


def _is_data(path: str) -> bool:
    hidden = any(part.startswith(("_", ".")) for part in path.split("/"))
    return path.lower().endswith(".csv") and not hidden


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
