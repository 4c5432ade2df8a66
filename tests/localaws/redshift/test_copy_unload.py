"""COPY and UNLOAD of Parquet between the warehouse and S3."""

# ruff: noqa: S608 - the tests name their own tables

import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

ROWS = {
    "a": pa.array([1, 2], pa.int32()),
    "b": ["x", None],
    "c": pa.array([0.5, None], pa.float64()),
}


@pytest.fixture
def put(s3, bucket):
    def write(key: str, columns: dict) -> str:
        buffer = io.BytesIO()
        pq.write_table(pa.table(columns), buffer)
        s3.put_object(Bucket=bucket, Key=key, Body=buffer.getvalue())
        return f"s3://{bucket}/{key}"

    return write


@pytest.fixture
def target(warehouse, table):
    warehouse.ok(
        f"CREATE TABLE {table} (a INTEGER, b VARCHAR(5), c DOUBLE PRECISION)"
    )
    return table


def copy(table: str, uri: str) -> str:
    return (
        f"COPY public.{table} FROM '{uri}' IAM_ROLE default FORMAT AS PARQUET;"
    )


def unload(query: str, uri: str, options: str = "") -> str:
    quoted = query.replace("'", "''")
    return f"UNLOAD ('{quoted}') TO '{uri}' IAM_ROLE default FORMAT AS PARQUET {options}"


def keys(s3, bucket: str, prefix: str) -> list[str]:
    return [
        item["Key"]
        for item in s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get(
            "Contents", []
        )
    ]


def test_copy_loads_every_file_under_the_prefix_by_position(
    warehouse, put, bucket, target
):
    put(
        f"{target}/load=1/part-0.parquet",
        {"other": ROWS["a"], "names": ROWS["b"], "here": ROWS["c"]},
    )
    put(f"{target}/load=1/part-1.parquet", ROWS)
    described = warehouse.run(copy(target, f"s3://{bucket}/{target}/"))
    assert described["ResultRows"] == 4, described
    assert warehouse.rows(
        f"SELECT COUNT(*), COUNT(b), SUM(c) FROM {target}"
    ) == [[4, 2, 1.0]]


def test_copy_passes_over_success_markers(warehouse, put, s3, bucket, target):
    put(f"{target}/part-0.parquet", ROWS)
    s3.put_object(Bucket=bucket, Key=f"{target}/_SUCCESS", Body=b"")
    assert (
        warehouse.run(copy(target, f"s3://{bucket}/{target}/"))["Status"]
        == "FINISHED"
    )


def test_copy_of_an_absent_prefix_names_it(warehouse, bucket, target):
    described = warehouse.run(copy(target, f"s3://{bucket}/nothing/here/"))
    assert (
        described["Error"]
        == "ERROR: The specified S3 prefix 'nothing/here/' does not exist"
    )


def test_copy_from_an_absent_bucket_fails(warehouse, target):
    assert (
        "no-such-bucket"
        in warehouse.run(copy(target, "s3://no-such-bucket/x/"))["Error"]
    )


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (
            {"a": ROWS["a"]},
            "Unmatched number of columns between table and file. Table columns: 3, Data columns: 1",
        ),
        (
            ROWS | {"a": pa.array([1, 2], pa.int64())},
            "incompatible Parquet schema for column 'a'",
        ),
        (ROWS | {"b": ["x", "longer"]}, "Value too long for character type"),
    ],
)
def test_copy_of_a_file_that_does_not_fit_loads_nothing(
    warehouse, put, bucket, target, columns, message
):
    put(f"{target}/part-0.parquet", ROWS)
    put(f"{target}/part-1.parquet", columns)
    described = warehouse.run(copy(target, f"s3://{bucket}/{target}/"))
    assert described["Status"] == "FAILED"
    assert message in described["Error"]
    assert warehouse.rows(f"SELECT COUNT(*) FROM {target}") == [[0]]


def test_unload_writes_what_copy_reads(warehouse, s3, bucket, target):
    warehouse.ok(
        f"INSERT INTO {target} VALUES (1, 'it''s', 0.5), (2, NULL, NULL)",
        unload(
            f"SELECT * FROM {target} WHERE b = 'it''s'",
            f"s3://{bucket}/out/{target}/",
        ),
    )
    key = f"out/{target}/0000_part_00.parquet"
    assert keys(s3, bucket, f"out/{target}/") == [key]
    content = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    assert pq.read_table(io.BytesIO(content)).to_pylist() == [
        {"a": 1, "b": "it's", "c": 0.5}
    ]
    warehouse.ok(copy(target, f"s3://{bucket}/out/{target}/"))
    assert warehouse.rows(f"SELECT COUNT(*) FROM {target}") == [[3]]


def test_unload_refuses_a_destination_that_is_not_empty(
    warehouse, bucket, target
):
    statement = unload(
        f"SELECT * FROM {target}", f"s3://{bucket}/out/{target}/"
    )
    warehouse.ok(f"INSERT INTO {target} VALUES (1, 'x', 0.5)", statement)
    assert "not empty" in warehouse.run(statement)["Error"]
    warehouse.ok(statement + "ALLOWOVERWRITE")


def test_unload_with_cleanpath_removes_what_was_there(
    warehouse, s3, bucket, put, target
):
    put(f"out/{target}/old.parquet", ROWS)
    warehouse.ok(
        f"INSERT INTO {target} VALUES (1, 'x', 0.5)",
        unload(
            f"SELECT * FROM {target}",
            f"s3://{bucket}/out/{target}/",
            "CLEANPATH PARALLEL OFF",
        ),
    )
    assert keys(s3, bucket, f"out/{target}/") == [f"out/{target}/000.parquet"]


def test_unload_writes_one_object_for_each_slice(warehouse, s3, bucket, target):
    prefix = f"parts/{target}/"
    warehouse.ok(
        f"INSERT INTO {target} VALUES (1, 'x', 0.5), (2, 'y', 0.5), (3, NULL, NULL)",
        unload(f"SELECT * FROM {target}", f"s3://{bucket}/{prefix}"),
        copy(target, f"s3://{bucket}/{prefix}"),
    )
    assert keys(s3, bucket, prefix) == [
        f"{prefix}0000_part_00.parquet",
        f"{prefix}0001_part_00.parquet",
    ]
    assert warehouse.rows(f"SELECT SUM(a), COUNT(b) FROM {target}") == [[12, 4]]


@pytest.mark.parametrize("options", ["", "PARALLEL OFF"])
def test_unload_of_no_rows_writes_no_object(
    warehouse, s3, bucket, target, options
):
    prefix = f"none/{target}/"
    statement = unload(
        f"SELECT * FROM {target}", f"s3://{bucket}/{prefix}", options
    )
    warehouse.ok(statement, statement)
    assert keys(s3, bucket, prefix) == []


MOMENT = pa.array([1_700_000_000_000_000], pa.timestamp("us"))


def test_copy_refuses_moments_that_redshift_reads_as_other_ones(
    warehouse, put, table
):
    warehouse.ok(f"CREATE TABLE {table} (at TIMESTAMP)")
    uri = put("moments/a.parquet", {"at": MOMENT})
    described = warehouse.run(copy(table, uri))
    assert described["Status"] == "FAILED"
    assert "would misread the moments of column 'at'" in described["Error"]


def test_copy_reads_moments_written_as_int96(warehouse, s3, bucket, table):
    warehouse.ok(f"CREATE TABLE {table} (at TIMESTAMP)")
    buffer = io.BytesIO()
    pq.write_table(
        pa.table({"at": MOMENT}), buffer, use_deprecated_int96_timestamps=True
    )
    s3.put_object(Bucket=bucket, Key="int96/a.parquet", Body=buffer.getvalue())
    warehouse.ok(copy(table, f"s3://{bucket}/int96/a.parquet"))
    ((year,),) = warehouse.rows(f"SELECT extract(year FROM at) FROM {table}")
    assert int(year) == 2023


def test_unload_takes_the_buckets_own_encryption(warehouse, s3, bucket, target):
    warehouse.ok(
        f"INSERT INTO {target} VALUES (1, 'x', 0.5)",
        unload(
            f"SELECT a FROM {target}",
            f"s3://{bucket}/own-key/",
            "ENCRYPTED AUTO CLEANPATH",
        ),
    )
    assert keys(s3, bucket, "own-key/")
