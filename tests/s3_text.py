"""Texts in S3 as tests look at them."""

from include.lake.objects import read_bytes


def read_text(uri: str) -> str:
    """Return the UTF-8 text of an object."""
    return read_bytes(uri).decode("utf-8")
