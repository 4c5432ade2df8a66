"""Parquet in and out of S3."""

from io import BytesIO

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from include.lake.errors import ObjectMissingError
from include.lake.frames import (
    parquet_chunks,
    read_parquet,
    write_parquet,
    write_parquet_chunks,
)
from include.lake.objects import read_bytes, write_text


def test_a_frame_comes_back_with_types_order_and_gaps(bucket):
    frame = pd.DataFrame(
        {"name": ["a", None], "rate": [0.5, None], "count": [1, 2]}
    )
    write_parquet(frame, f"s3://{bucket}/f/part.parquet")
    pd.testing.assert_frame_equal(read_parquet(f"s3://{bucket}/f/"), frame)


def test_parts_are_read_in_order_and_other_objects_left_alone(bucket):
    write_parquet(
        pd.DataFrame({"n": [2]}), f"s3://{bucket}/f/0001_part_00.parquet"
    )
    write_parquet(
        pd.DataFrame({"n": [1]}), f"s3://{bucket}/f/0000_part_00.parquet"
    )
    write_text(f"s3://{bucket}/f/manifest.json", "{}")
    assert read_parquet(f"s3://{bucket}/f/")["n"].tolist() == [1, 2]


def test_a_column_empty_in_one_part_takes_the_type_of_the_other(bucket):
    write_parquet(pd.DataFrame({"c": [None]}), f"s3://{bucket}/f/0.parquet")
    write_parquet(pd.DataFrame({"c": ["x"]}), f"s3://{bucket}/f/1.parquet")
    assert read_parquet(f"s3://{bucket}/f/")["c"].fillna(
        "missing"
    ).tolist() == ["missing", "x"]


def test_a_folder_without_parquet_is_named(bucket):
    with pytest.raises(ObjectMissingError, match=f"s3://{bucket}/empty/"):
        read_parquet(f"s3://{bucket}/empty/")


def test_a_schema_gives_an_empty_column_its_type(bucket):
    write_parquet(
        pd.DataFrame({"c": [None]}),
        f"s3://{bucket}/f/0.parquet",
        pa.schema([("c", pa.float64())]),
    )
    assert read_parquet(f"s3://{bucket}/f/")["c"].dtype == "float64"


def test_a_frame_is_not_written_to_a_folder(bucket):
    with pytest.raises(ValueError, match="must name a .parquet object"):
        write_parquet(pd.DataFrame({"n": [1]}), f"s3://{bucket}/f/")


def test_chunks_are_the_rows_of_the_folder_and_no_longer_than_asked(bucket):
    for part, names in enumerate((["a", "b", "c"], ["d"])):
        write_parquet(
            pd.DataFrame({"name": names, "n": range(len(names))}),
            f"s3://{bucket}/f/{part}.parquet",
        )
    chunks = list(parquet_chunks(f"s3://{bucket}/f/", 2))
    assert [len(chunk) for chunk in chunks] == [2, 1, 1]
    pd.testing.assert_frame_equal(
        pd.concat(chunks, ignore_index=True), read_parquet(f"s3://{bucket}/f/")
    )


def test_chunks_of_a_local_copy_are_read_where_they_lie(tmp_path):
    pd.DataFrame({"n": [1, 2]}).to_parquet(tmp_path / "0.parquet")
    assert [
        chunk["n"].tolist()
        for chunk in parquet_chunks(f"file://{tmp_path}/", 1)
    ] == [[1], [2]]
    assert (tmp_path / "0.parquet").exists()


def test_chunks_of_a_folder_without_parquet_name_it(bucket):
    with pytest.raises(ObjectMissingError, match=f"s3://{bucket}/empty/"):
        next(parquet_chunks(f"s3://{bucket}/empty/", 2))


SCHEMA = pa.schema([("n", pa.int32()), ("c", pa.string())])


def test_what_is_written_in_chunks_is_one_object_of_the_schema(bucket):
    chunks = [
        pd.DataFrame({"n": [1, 2], "c": [None, None]}),
        pd.DataFrame({"n": [3], "c": ["x"]}),
    ]
    assert (
        write_parquet_chunks(
            iter(chunks), f"s3://{bucket}/f/one.parquet", SCHEMA
        )
        == 3
    )
    written = read_parquet(f"s3://{bucket}/f/")
    assert (written["n"].tolist(), written["n"].dtype) == ([1, 2, 3], "int32")
    assert written["c"].fillna("missing").tolist() == [
        "missing",
        "missing",
        "x",
    ]


def test_no_chunk_leaves_an_object_with_columns_and_no_rows(bucket):
    assert (
        write_parquet_chunks([], f"s3://{bucket}/f/none.parquet", SCHEMA) == 0
    )
    assert list(read_parquet(f"s3://{bucket}/f/").columns) == ["n", "c"]


def physical_types(content: bytes) -> set[str]:
    """Return the physical types of a Parquet object's columns."""
    schema = pq.ParquetFile(BytesIO(content)).schema
    return {schema.column(place).physical_type for place in range(len(schema))}


def test_moments_are_written_as_copy_reads_them(bucket):
    frame = pd.DataFrame({"at": [pd.Timestamp("2023-11-14 22:13:20")]})
    schema = pa.schema([("at", pa.timestamp("us"))])
    whole = f"s3://{bucket}/moments/whole.parquet"
    chunks = f"s3://{bucket}/moments/chunks.parquet"
    write_parquet(frame, whole, schema)
    write_parquet_chunks([frame], chunks, schema)
    for uri in (whole, chunks):
        assert physical_types(read_bytes(uri)) == {"INT96"}
    assert list(read_parquet(f"s3://{bucket}/moments/")["at"].dt.year) == [
        2023,
        2023,
    ]
