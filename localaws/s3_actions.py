"""Read S3 requests as IAM actions.

S3 is the one service whose operations stand in the request line, not in a name.
"""

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
_BUCKET = {
    "GET": "s3:ListBucket",
    "HEAD": "s3:ListBucket",
    "PUT": "s3:CreateBucket",
    "DELETE": "s3:DeleteBucket",
}
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


def s3_call(
    environ: dict[str, Any], read_body: Callable[[dict[str, Any]], bytes]
) -> list[tuple[str, str]]:
    """Return action and resource ARN of a path-style request; several for a copy and for a deletion of many objects.

    Args:
        environ: the WSGI request.
        read_body: reads its body; called only for `POST ?delete`, whose body names the objects.
    """
    path = unquote(environ.get("PATH_INFO", "")).lstrip("/")
    bucket, _, key = path.partition("/")
    if not bucket:
        return [("s3:ListAllMyBuckets", "*")]
    method = environ["REQUEST_METHOD"]
    query = environ.get("QUERY_STRING", "")
    flags = parse_qs(query, keep_blank_values=True)
    if method == "POST" and "delete" in flags:
        keys = re.findall(r"<Key>(.*?)</Key>", read_body(environ).decode())
        return [
            ("s3:DeleteObject", _arn(bucket, deleted_key))
            for deleted_key in keys
        ]
    calls = []
    if environ.get(_COPY_SOURCE):
        calls.append(_read_of_copy(environ[_COPY_SOURCE]))
    action = _subresource_action(method, flags)
    if action is None:
        by_method = _OBJECT if key else _BUCKET
        action = by_method.get(method, f"s3:{method} {query}")
    return [*calls, (action, _arn(bucket, key))]


def _subresource_action(method: str, flags: dict[str, list[str]]) -> str | None:
    for flag in flags:
        if (method, flag) in _SUBRESOURCES:
            return _SUBRESOURCES[method, flag]
    return None


def _read_of_copy(header: str) -> tuple[str, str]:
    """Return the call that reads a copy's source."""
    source, _, version = unquote(header).lstrip("/").partition("?versionId=")
    bucket, _, key = source.partition("/")
    action = "s3:GetObjectVersion" if version else "s3:GetObject"
    return action, _arn(bucket, key)


def _arn(bucket: str, key: str) -> str:
    return f"arn:aws:s3:::{bucket}/{key}" if key else f"arn:aws:s3:::{bucket}"
