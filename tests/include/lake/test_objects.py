"""S3 objects, against a real S3 server."""

from pathlib import Path

import pytest

from include.lake.errors import ObjectMissingError
from include.lake.objects import (
    delete_objects,
    list_objects,
    read_json,
    split_uri,
    upload_file,
    write_json,
    write_text,
)
from tests.s3_text import read_text


def test_text_comes_back_as_it_went(bucket):
    uri = f"s3://{bucket}/a/ü.txt"
    write_text(uri, "Zürich\n")
    assert read_text(uri) == "Zürich\n"


def test_json_comes_back_as_it_went(bucket):
    uri = f"s3://{bucket}/a.json"
    write_json(uri, {"rows": 3, "share": 0.5, "none": None})
    assert read_json(uri) == {"rows": 3, "share": 0.5, "none": None}


def test_a_missing_object_is_named(bucket):
    uri = f"s3://{bucket}/nothing.json"
    with pytest.raises(ObjectMissingError, match=uri):
        read_json(uri)


@pytest.mark.parametrize(
    "action", [lambda uri: list_objects(uri), lambda uri: write_text(uri, "x")]
)
def test_a_missing_bucket_is_named(bucket, action):
    with pytest.raises(ObjectMissingError, match="s3://no-such-bucket-here/a"):
        action("s3://no-such-bucket-here/a")


def test_deleted_objects_are_gone_and_the_others_stay(bucket):
    for key in ("a.txt", "b.txt"):
        write_text(f"s3://{bucket}/{key}", key)
    delete_objects([f"s3://{bucket}/a.txt", f"s3://{bucket}/never-there.txt"])
    assert list_objects(f"s3://{bucket}/") == [f"s3://{bucket}/b.txt"]


def test_a_listing_has_only_what_begins_with_the_uri_sorted(bucket):
    for key in ("x/b.txt", "x/a.txt", "y/c.txt"):
        write_text(f"s3://{bucket}/{key}", key)
    assert list_objects(f"s3://{bucket}/x/") == [
        f"s3://{bucket}/x/a.txt",
        f"s3://{bucket}/x/b.txt",
    ]


def test_a_listing_of_nothing_is_empty(bucket):
    assert list_objects(f"s3://{bucket}/none/") == []


def test_a_local_file_is_uploaded(bucket, tmp_path: Path):
    path = tmp_path / "leads.csv"
    path.write_text("a,b\n")
    upload_file(path, f"s3://{bucket}/raw/leads.csv")
    assert read_text(f"s3://{bucket}/raw/leads.csv") == "a,b\n"


@pytest.mark.parametrize(
    "uri", ["http://bucket/key", "s3:///key", "bucket/key", ""]
)
def test_what_is_no_s3_uri_is_refused(uri):
    with pytest.raises(ValueError, match="expected s3://bucket/key"):
        split_uri(uri)


def test_a_uri_splits_into_bucket_and_key():
    assert split_uri("s3://bucket/a/b.txt") == ("bucket", "a/b.txt")


def test_a_folder_on_this_machine_is_read_by_its_file_uri(tmp_path: Path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "b.json").write_text("{}")
    (tmp_path / "a.txt").write_text("ü")
    folder = f"file://{tmp_path}/"
    assert list_objects(folder) == [f"{folder}a.txt", f"{folder}deep/b.json"]
    assert read_text(f"{folder}a.txt") == "ü"


def test_a_missing_file_is_named(tmp_path: Path):
    with pytest.raises(
        ObjectMissingError, match=f"file://{tmp_path}/none.json"
    ):
        read_json(f"file://{tmp_path}/none.json")
    assert list_objects(f"file://{tmp_path}/none/") == []


def test_an_upload_into_a_bucket_that_is_not_there_names_the_object(
    bucket, tmp_path
):
    (tmp_path / "model").write_bytes(b"x")
    with pytest.raises(ObjectMissingError, match="s3://no-such-bucket/model"):
        upload_file(tmp_path / "model", "s3://no-such-bucket/model")
