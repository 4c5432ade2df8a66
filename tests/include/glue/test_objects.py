"""Objects in S3 and files in folders: listed, read, written and deleted alike."""

import os

import boto3
import pytest
from moto import mock_aws

from include.glue import objects
from include.glue.errors import JobFailedError

NAMES = [
    "raw/100%20 a+b#1/ü [1] {a,b} *?.csv",
    "raw/a.csv",
    "raw/empty.csv",
    "raw/sub/b.csv",
]
BESIDE = ["raw-old/c.csv", "rawer.csv"]


@pytest.fixture(params=["S3", "files"])
def store(request, tmp_path, monkeypatch):
    """Address of a store with the objects above, whose content is their name."""
    if request.param == "files":
        for name in NAMES + BESIDE:
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"" if "empty" in name else name.encode())
        yield f"file://{tmp_path}"
        return
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket="bucket")
        for name in [*NAMES, *BESIDE, "raw/folder/"]:
            content = b"" if "empty" in name else name.encode()
            client.put_object(Bucket="bucket", Key=name, Body=content)
        objects.s3_client.cache_clear()
        yield "s3://bucket"
        objects.s3_client.cache_clear()


@pytest.mark.parametrize("slash", ["", "/"])
def test_what_lies_below_a_prefix_is_listed_by_literal_names(store, slash):
    found = objects.list_objects(f"{store}/raw{slash}")
    assert [f"raw/{one.path}" for one in found] == NAMES
    assert [one.size for one in found] == [
        0 if "empty" in name else len(name.encode()) for name in NAMES
    ]


def test_an_address_of_one_object_lists_that_object(store):
    (found,) = objects.list_objects(f"{store}/raw/a.csv")
    assert found.path == "a.csv"


def test_an_object_is_read_from_an_offset(store):
    for found in objects.list_objects(f"{store}/raw"):
        content = b"" if "empty" in found.path else f"raw/{found.path}".encode()
        for offset in (0, 3, len(content)):
            with objects.open_object(found, offset) as stream:
                assert stream.read() == content[offset:]


def test_an_object_that_is_not_as_it_was_listed_is_named(store):
    gone, changed, *_ = objects.list_objects(f"{store}/raw")
    objects.delete_below(f"{store}/raw/100%20 a+b#1/")
    with pytest.raises(JobFailedError, match="vanished while the job ran"):
        objects.open_object(gone)
    objects.write_bytes(changed.uri, b"other content")
    with pytest.raises(JobFailedError, match="a.csv under .* written again"):
        objects.open_object(changed)


def test_what_is_written_replaces_what_was_there_and_leaves_nothing_else(store):
    for content in (b"one", b"two"):
        objects.write_bytes(f"{store}/out/part.txt", content)
    assert objects.read_bytes(f"{store}/out/part.txt") == b"two"
    assert len(objects.list_objects(f"{store}/out/")) == 1
    objects.delete_below(f"{store}/out/")
    objects.delete_below(f"{store}/out/")
    assert objects.list_objects(f"{store}/out/") == []
    with pytest.raises(FileNotFoundError):
        objects.read_bytes(f"{store}/out/part.txt")
    assert len(objects.list_objects(f"{store}/raw-old/")) == 1


def test_a_file_of_another_age_counts_as_written_again(tmp_path):
    file = tmp_path / "a.csv"
    file.write_text("x")
    (found,) = objects.list_objects(f"file://{tmp_path}")
    os.utime(file, (1, 1))
    with pytest.raises(JobFailedError, match="written again"):
        objects.open_object(found)
