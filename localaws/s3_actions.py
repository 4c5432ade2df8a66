"""S3 requests as IAM actions: S3 is the one service whose operations stand in the request line, not in a name."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, unquote

_OBJECT = {
    "GET": "s3:GetObject",
    "HEAD": "s3:GetObject",
    "PUT": "s3:PutObject",
    "POST": "s3:PutObject",
    "DELETE": "s3:DeleteObject",
}
_BUCKET = {"GET": "s3:ListBucket", "HEAD": "s3:ListBucket", "PUT": "s3:CreateBucket", "DELETE": "s3:DeleteBucket"}
_SUBRESOURCES = {
    ("GET", "location"): "s3:GetBucketLocation",
    ("GET", "versioning"): "s3:GetBucketVersioning",
    ("GET", "uploads"): "s3:ListBucketMultipartUploads",
    ("GET", "versions"): "s3:ListBucketVersions",
    ("GET", "encryption"): "s3:GetEncryptionConfiguration",
    ("GET", "publicAccessBlock"): "s3:GetBucketPublicAccessBlock",
    ("GET", "tagging"): "s3:GetObjectTagging",
    ("GET", "uploadId"): "s3:ListMultipartUploadParts",
    ("DELETE", "uploadId"): "s3:AbortMultipartUpload",
    ("GET", "versionId"): "s3:GetObjectVersion",
    ("HEAD", "versionId"): "s3:GetObjectVersion",
    ("DELETE", "versionId"): "s3:DeleteObjectVersion",
}
_COPY_SOURCE = "HTTP_X_AMZ_COPY_SOURCE"


def s3_call(environ: dict[str, Any], read_body: Callable[[dict[str, Any]], bytes]) -> list[tuple[str, str]]:
    """Action and resource ARN of a path-style request; several for a copy and for a deletion of many objects.

    Args:
        environ: the WSGI request.
        read_body: reads its body; called only for `POST ?delete`, whose body names the objects.
    """
    bucket, _, key = unquote(environ.get("PATH_INFO", "")).lstrip("/").partition("/")
    if not bucket:
        return [("s3:ListAllMyBuckets", "*")]
    method = environ["REQUEST_METHOD"]
    flags = parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
    if method == "POST" and "delete" in flags:
        keys = re.findall(r"<Key>(.*?)</Key>", read_body(environ).decode())
        return [("s3:DeleteObject", _arn(bucket, name)) for name in keys]
    action = next((_SUBRESOURCES[method, flag] for flag in flags if (method, flag) in _SUBRESOURCES), None)
    named = action or (_OBJECT if key else _BUCKET).get(method, f"s3:{method} {environ.get('QUERY_STRING', '')}")
    copied = environ.get(_COPY_SOURCE)
    return [*([_read(copied)] if copied else []), (named, _arn(bucket, key))]


def _read(copied: str) -> tuple[str, str]:
    source, _, version = unquote(copied).lstrip("/").partition("?versionId=")
    return ("s3:GetObjectVersion" if version else "s3:GetObject", _arn(*source.split("/", 1)))


def _arn(bucket: str, key: str) -> str:
    return f"arn:aws:s3:::{bucket}/{key}" if key else f"arn:aws:s3:::{bucket}"
