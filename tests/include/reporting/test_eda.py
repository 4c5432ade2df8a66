"""The EDA report of a snapshot in S3."""

import json

import pytest

from include.lake.frames import write_parquet
from include.lake.objects import list_objects, read_bytes, write_text
from include.reporting.eda import write_eda
from include.settings import settings
from include.training.data.snapshot import write_manifest
from include.training.errors import NotEnoughRowsError
from tests.s3_text import read_text


@pytest.fixture
def snapshot_of(layout, contract):
    """Makes a snapshot of leads and returns its URI."""

    def make(leads):
        uri = layout.snapshot("run-1")
        write_parquet(leads, f"{uri}0000_part_00.parquet")
        write_manifest(settings(), contract, "run-1", "UNLOAD …")
        return uri

    return make


def test_the_report_is_one_page_with_its_pictures_inside_and_beside_it(
    snapshot_of, layout, accounts
):
    uri = write_eda(layout, snapshot_of(accounts), "run-1")
    assert uri == layout.report("eda", "run-1") + "eda.html"
    text, files = read_text(uri), list_objects(layout.report("eda", "run-1"))
    pictures = [name for name in files if name.endswith(".png")]
    assert len(pictures) == 11
    assert text.count("data:image/png;base64,") == len(pictures)
    assert "src=" in text
    assert 'src="http' not in text
    assert read_bytes(pictures[0]).startswith(b"\x89PNG")
    assert "600 leads, 12 columns" in text
    assert f"{int(accounts['won'].sum())} converted" in text
    assert "the raw files of these leads are gone" in text


def test_tokens_are_counted_in_the_raw_files_where_these_are_kept(
    snapshot_of, layout, accounts
):
    accounts["region"] = None
    raw = "Account,Region\n" + "\n".join(
        f"{key},n/a" for key in accounts["account"].head(590)
    )
    write_text(layout.raw + "leads.csv", raw)
    uri = write_eda(layout, snapshot_of(accounts), "run-1")
    assert "raw rows of 590 of the snapshot's\n600 leads" in read_text(uri)
    figures = json.loads(read_text(uri.replace(".html", ".json")))
    assert figures["null_tokens"]["leads"] == 590
    assert figures["null_tokens"]["cells"]["n/a"] == {"region": 590}


def test_a_second_call_writes_the_same_bytes(snapshot_of, layout, accounts):
    uri = snapshot_of(accounts)
    assert read_bytes(write_eda(layout, uri, "run-1")) == read_bytes(
        write_eda(layout, uri, "run-1")
    )


def test_a_level_that_looks_like_html_is_shown_as_text(
    snapshot_of, layout, accounts
):
    accounts["opinion"] = accounts["opinion"].replace(
        "hot", "<script>alert(1)</script>"
    )
    text = read_text(write_eda(layout, snapshot_of(accounts), "run-1"))
    assert "<script>" not in text
    assert "&lt;script&gt;" in text


@pytest.mark.parametrize("outcome", [0.0, None])
def test_a_snapshot_without_both_outcomes_still_has_a_report(
    snapshot_of, layout, accounts, outcome
):
    accounts["won"] = (
        accounts["won"].astype("float64").mask([True] * len(accounts), outcome)
    )
    uri = write_eda(layout, snapshot_of(accounts), "run-1")
    assert (
        json.loads(read_text(uri.replace(".html", ".json")))["converted"] == 0
    )
    assert ("No lead has an outcome yet" in read_text(uri)) == (outcome is None)


def test_a_snapshot_without_rows_is_refused(snapshot_of, layout, accounts):
    uri = snapshot_of(accounts.head(0))
    with pytest.raises(NotEnoughRowsError, match="no leads to describe"):
        write_eda(layout, uri, "run-1")
