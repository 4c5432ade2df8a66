"""The quality gate's decision from the counts of a load."""

import pytest

from include.lake.errors import LoadRejectedError
from include.lake.quality import check_load
from include.settings import Decisions, Settings

SETTINGS = Settings(decisions=Decisions(max_quarantined_share=0.05))


def metrics(**changes):
    good = {
        "load_id": "load-1",
        "files": [
            {
                "source_file": "a.csv",
                "rows": 100,
                "bytes": 1000,
                "problem": None,
            }
        ],
        "input_rows": 100,
        "loaded_rows": 95,
        "quarantined_rows": 5,
        "duplicate_rows": 0,
        "superseded_rows": 0,
        "missing_columns": [],
        "extra_columns": [],
        "reasons": {"visits: below 0": 5},
        "unknown_levels": {},
    }
    return {**good, **changes}


def test_a_load_at_the_allowed_share_passes_with_its_counts():
    assert check_load(metrics(), SETTINGS) == {
        "input_rows": 100,
        "loaded_rows": 95,
        "quarantined_rows": 5,
        "duplicate_rows": 0,
        "quarantined_share": 0.05,
    }


def test_missing_columns_are_named():
    with pytest.raises(
        LoadRejectedError, match="load-1.*missing columns City, Tags"
    ):
        check_load(metrics(missing_columns=["City", "Tags"]), SETTINGS)


def test_a_load_without_rows_names_the_files_and_their_problem():
    files = [
        {
            "source_file": "empty.csv",
            "rows": 0,
            "bytes": 0,
            "problem": "empty file",
        }
    ]
    empty = metrics(
        files=files, input_rows=0, loaded_rows=0, quarantined_rows=0, reasons={}
    )
    with pytest.raises(
        LoadRejectedError, match=r"no row was loaded: empty.csv \(empty file\)"
    ):
        check_load(empty, SETTINGS)


def test_too_large_a_quarantine_is_named_with_its_commonest_reasons_first():
    bad = metrics(
        loaded_rows=90, quarantined_rows=10, reasons={"rare": 1, "common": 9}
    )
    with pytest.raises(
        LoadRejectedError,
        match=r"10.0% of 100 rows quarantined, 5.0% allowed: common \(9\), rare \(1\)",
    ):
        check_load(bad, SETTINGS)


def test_rows_that_newer_ones_superseded_do_not_count_against_the_load():
    twice = metrics(
        loaded_rows=50,
        quarantined_rows=50,
        superseded_rows=48,
        reasons={"superseded": 48, "bad": 2},
    )
    assert check_load(twice, SETTINGS)["quarantined_share"] == 0.02


def test_every_reason_to_stop_is_told_at_once():
    bad = metrics(missing_columns=["City"], loaded_rows=0, quarantined_rows=100)
    with pytest.raises(
        LoadRejectedError,
        match="missing columns City; no row was loaded; 100.0% of 100 rows",
    ):
        check_load(bad, SETTINGS)
