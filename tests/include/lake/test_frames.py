"""Parquet in and out of S3."""

import pandas as pd
import pyarrow as pa
import pytest

from include.lake.frames import read_parquet, write_parquet
from include.lake.objects import ObjectMissing, write_text


def test_a_frame_comes_back_with_types_order_and_gaps(bucket):
    frame = pd.DataFrame({"name": ["a", None], "rate": [0.5, None], "count": [1, 2]})
    write_parquet(frame, f"s3://{bucket}/f/part.parquet")
    pd.testing.assert_frame_equal(read_parquet(f"s3://{bucket}/f/"), frame)


def test_parts_are_read_in_order_and_other_objects_left_alone(bucket):
    write_parquet(pd.DataFrame({"n": [2]}), f"s3://{bucket}/f/0001_part_00.parquet")
    write_parquet(pd.DataFrame({"n": [1]}), f"s3://{bucket}/f/0000_part_00.parquet")
    write_text(f"s3://{bucket}/f/manifest.json", "{}")
    assert read_parquet(f"s3://{bucket}/f/")["n"].tolist() == [1, 2]


def test_a_column_empty_in_one_part_takes_the_type_of_the_other(bucket):
    write_parquet(pd.DataFrame({"c": [None]}), f"s3://{bucket}/f/0.parquet")
    write_parquet(pd.DataFrame({"c": ["x"]}), f"s3://{bucket}/f/1.parquet")
    assert read_parquet(f"s3://{bucket}/f/")["c"].tolist() == [None, "x"]


def test_a_folder_without_parquet_is_named(bucket):
    with pytest.raises(ObjectMissing, match=f"s3://{bucket}/empty/"):
        read_parquet(f"s3://{bucket}/empty/")


def test_a_schema_gives_an_empty_column_its_type(bucket):
    write_parquet(pd.DataFrame({"c": [None]}), f"s3://{bucket}/f/0.parquet", pa.schema([("c", pa.float64())]))
    assert read_parquet(f"s3://{bucket}/f/")["c"].dtype == "float64"


def test_a_frame_is_not_written_to_a_folder(bucket):
    with pytest.raises(ValueError, match="must name a .parquet object"):
        write_parquet(pd.DataFrame({"n": [1]}), f"s3://{bucket}/f/")
