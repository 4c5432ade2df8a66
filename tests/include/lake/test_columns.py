from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from include.lake.columns import PIECE, open_parquet
from include.lake.errors import ObjectMissingError, ParquetUnreadableError
from include.lake.frames import read_parquet, write_parquet
from include.lake.objects import read_bytes, write_bytes


@pytest.fixture
def folder(tmp_path: Path) -> str:
    """Two parts of leads, the second without its column `late`."""
    pq.write_table(
        pa.table({"n": [1, None], "c": ["x", None], "late": [1.5, 2.5]}),
        tmp_path / "0000.parquet",
    )
    pq.write_table(
        pa.table({"n": [3, 4], "c": ["y", "x"]}), tmp_path / "0001.parquet"
    )
    return f"file://{tmp_path}/"


def test_columns_hold_what_the_frame_of_the_folder_holds(folder):
    leads, frame = open_parquet(folder), read_parquet(folder)
    assert (len(leads), list(leads.columns)) == (
        len(frame),
        list(frame.columns),
    )
    for name in frame:
        pd.testing.assert_series_equal(
            leads[name].astype(frame[name].dtype), frame[name]
        )


def test_text_comes_as_levels(folder):
    assert list(open_parquet(folder)["c"].cat.categories) == ["x", "y"]


def test_a_column_that_is_empty_in_one_part_takes_the_type_of_the_other(
    tmp_path,
):
    pq.write_table(pa.table({"c": pa.nulls(2)}), tmp_path / "0.parquet")
    pq.write_table(pa.table({"c": ["x"]}), tmp_path / "1.parquet")
    assert open_parquet(f"file://{tmp_path}/")["c"].astype(object).where(lambda c: c.notna(), None).tolist() == [
        None, None, "x",
    ]  # fmt: skip


def test_a_key_comes_in_pieces_and_every_other_column_at_once(tmp_path):
    rows = PIECE + 10
    keys = [f"k{n}" for n in range(rows)]
    pq.write_table(
        pa.table({"c": ["x", "y"] * (rows // 2), "key": keys}),
        tmp_path / "0.parquet",
    )
    leads = open_parquet(f"file://{tmp_path}/")
    assert [len(piece) for piece in leads.pieces("c")] == [rows]
    assert [len(piece) for piece in leads.pieces("key")] == [PIECE, 10]
    assert pd.concat(leads.pieces("key")).tolist() == keys


def test_columns_read_ahead_are_the_columns_in_their_order(folder):
    leads = open_parquet(folder)
    read = list(leads.each(["late", "n", "c"]))
    assert [name for name, _ in read] == ["late", "n", "c"]
    for name, values in read:
        pd.testing.assert_series_equal(values, leads[name])
    assert list(leads.each([])) == []


def test_a_sample_is_of_whole_rows_and_the_same_every_time(tmp_path):
    frame = pd.DataFrame(
        {"n": np.arange(500), "c": [f"level {n % 7}" for n in range(500)]}
    )
    frame.to_parquet(tmp_path / "0.parquet", index=False)
    leads = open_parquet(f"file://{tmp_path}/")
    sample = leads.sample(50)
    pd.testing.assert_frame_equal(sample, leads.sample(50))
    assert sample["n"].is_unique
    assert (sample["c"] == "level " + (sample["n"] % 7).astype(str)).all()
    assert not sample.equals(leads.sample(50, seed=1))


def test_a_sample_of_more_rows_than_there_are_is_all_of_them(folder):
    pd.testing.assert_frame_equal(
        open_parquet(folder).sample(9), read_parquet(folder)
    )


def test_a_column_that_no_part_has_is_a_key_error(folder):
    with pytest.raises(KeyError, match="gone"):
        open_parquet(folder)["gone"]


def test_a_damaged_object_is_named(bucket, accounts):
    for part in ("a", "b"):
        write_parquet(accounts, f"s3://{bucket}/f/{part}.parquet")
    write_bytes(
        f"s3://{bucket}/f/b.parquet",
        read_bytes(f"s3://{bucket}/f/b.parquet")[:-100],
    )
    with pytest.raises(
        ParquetUnreadableError,
        match=f"s3://{bucket}/f/b.parquet cannot be read",
    ):
        open_parquet(f"s3://{bucket}/f/")


def test_an_object_whose_pages_are_damaged_is_named_when_they_are_read(
    tmp_path, accounts
):
    for part in ("a", "b"):
        accounts.to_parquet(tmp_path / f"{part}.parquet", index=False)
    content = bytearray((tmp_path / "b.parquet").read_bytes())
    content[4:2000] = b"\xff" * 1996
    (tmp_path / "b.parquet").write_bytes(content)
    leads = open_parquet(f"file://{tmp_path}/")
    with pytest.raises(
        ParquetUnreadableError, match="b.parquet cannot be read"
    ):
        leads["account"]


def test_parts_whose_types_do_not_fit_are_an_error_that_names_the_folder(
    tmp_path,
):
    pq.write_table(pa.table({"c": ["x"]}), tmp_path / "0.parquet")
    pq.write_table(pa.table({"c": [[1]]}), tmp_path / "1.parquet")
    leads = open_parquet(f"file://{tmp_path}/")
    with pytest.raises(ParquetUnreadableError, match=str(tmp_path)):
        leads["c"]


def test_a_folder_without_parquet_is_missing(bucket):
    with pytest.raises(ObjectMissingError, match=r"empty/\*.parquet"):
        open_parquet(f"s3://{bucket}/empty/")


def test_what_was_fetched_from_s3_goes_with_the_columns(bucket, accounts):
    write_parquet(accounts, f"s3://{bucket}/f/a.parquet")
    leads = open_parquet(f"s3://{bucket}/f/")
    copies = [file.parent for file in leads.files]
    assert all(copy.is_dir() for copy in copies)
    assert leads["minutes"].tolist() == accounts["minutes"].tolist()
    del leads
    assert not any(copy.exists() for copy in copies)
