"""Addresses that a browser opens: an s3:// URI is none."""

from urllib.parse import quote, urlencode, urlsplit

from include.lake.aws import endpoint_of
from include.lake.objects import split_uri
from include.settings import Settings

CONSOLE = "https://s3.console.aws.amazon.com/s3/object/"


def web_address(uri: str, region: str, endpoint: str | None = None) -> str:
    """Return the address of the object at an s3:// URI.

    Args:
        uri: of one object.
        region: of its bucket.
        endpoint: address of S3 where it is not AWS's own; one of AWS's (a VPC endpoint) opens nothing without a
            signature, so it counts as None.

    Returns:
        The object itself at a local endpoint; on AWS its page in the S3 console, which asks for a login.

    Raises:
        ValueError: `uri` is no s3:// URI.
    """
    bucket, key = split_uri(uri)
    if endpoint and not (urlsplit(endpoint).hostname or "").endswith(
        (".amazonaws.com", ".amazonaws.com.cn")
    ):
        return f"{endpoint.rstrip('/')}/{bucket}/{quote(key)}"
    return f"{CONSOLE}{bucket}?{urlencode({'region': region, 'prefix': key})}"


def browser_address(settings: Settings, uri: str) -> str:
    """Return the `web_address` in the settings' region, at this process's endpoint or where a browser finds that."""
    return web_address(
        uri, settings.region, settings.web.s3 or endpoint_of("s3")
    )
