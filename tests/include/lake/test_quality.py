"""The quality gate's decision from the counts of a load."""

import pytest

from include.decisions import Decisions
from include.lake.errors import LoadRejectedError
from include.lake.quality import check_load

DECISIONS = Decisions(max_quarantined_share=0.05)


def metrics(**changes):
    good = {
        "load_id": "load-1",
        "files": [
            {
                "source_file": "a.csv",
                "rows": 100,
                "blank_rows": 0,
                "superseded_rows": 0,
                "skipped_lines": 0,
                "bytes": 1000,
                "problem": None,
                "unreadable": False,
            }
        ],
        "input_rows": 100,
        "loaded_rows": 95,
        "quarantined_rows": 5,
        "duplicate_rows": 0,
        "blank_rows": 0,
        "superseded_rows": 0,
        "footer_rows": 0,
        "missing_columns": [],
        "extra_columns": [],
        "reasons": {"visits: below 0": 5},
        "damaged_keys": None,
        "repeated_keys": [],
        "null_tokens": {},
        "skipped_lines": [],
        "unread_objects": [],
        "unread_object_count": 0,
        "unknown_levels": {},
    }
    return {**good, **changes}


def test_a_load_at_the_allowed_share_passes_with_its_counts():
    assert check_load(metrics(), DECISIONS) == {
        "input_rows": 100,
        "loaded_rows": 95,
        "quarantined_rows": 5,
        "duplicate_rows": 0,
        "blank_rows": 0,
        "quarantined_share": 0.05,
        "unread_object_count": 0,
        "unread_objects": [],
        "files_with_problems": [],
    }


def test_missing_columns_are_named():
    with pytest.raises(
        LoadRejectedError, match="load-1.*missing columns City, Tags"
    ):
        check_load(metrics(missing_columns=["City", "Tags"]), DECISIONS)


def test_a_load_without_rows_names_the_files_and_their_problem():
    files = [
        {
            "source_file": "empty.csv",
            "rows": 0,
            "blank_rows": 0,
            "superseded_rows": 0,
            "skipped_lines": 0,
            "bytes": 0,
            "problem": "empty file",
            "unreadable": False,
        }
    ]
    empty = metrics(
        files=files, input_rows=0, loaded_rows=0, quarantined_rows=0, reasons={}
    )
    with pytest.raises(
        LoadRejectedError, match=r"no row was loaded: empty.csv \(empty file\)"
    ):
        check_load(empty, DECISIONS)


def test_too_large_a_quarantine_is_named_with_its_commonest_reasons_first():
    bad = metrics(
        loaded_rows=90, quarantined_rows=10, reasons={"rare": 1, "common": 9}
    )
    with pytest.raises(
        LoadRejectedError,
        match=r"10.0% of 100 rows quarantined, 5.0% allowed: common \(9\), rare \(1\)",
    ):
        check_load(bad, DECISIONS)


def test_rows_that_newer_ones_superseded_do_not_count_against_the_load():
    twice = metrics(
        loaded_rows=50,
        quarantined_rows=50,
        superseded_rows=48,
        reasons={"superseded": 48, "bad": 2},
    )
    assert check_load(twice, DECISIONS)["quarantined_share"] == 0.02


def test_every_reason_to_stop_is_told_at_once():
    bad = metrics(missing_columns=["City"], loaded_rows=0, quarantined_rows=100)
    with pytest.raises(
        LoadRejectedError,
        match="missing columns City; no row was loaded; 100.0% of 100 rows",
    ):
        check_load(bad, DECISIONS)


def test_blank_rows_and_footers_do_not_count_against_the_load():
    dressed = metrics(
        input_rows=1_000,
        blank_rows=950,
        loaded_rows=45,
        quarantined_rows=5,
        footer_rows=4,
        reasons={"row: a footer below the table": 4, "visits: below 0": 1},
    )
    assert check_load(dressed, DECISIONS)["quarantined_share"] == 0.02


def test_many_broken_rows_are_not_hidden_behind_blank_ones():
    hidden = metrics(
        input_rows=1_000, blank_rows=950, loaded_rows=45, quarantined_rows=5
    )
    with pytest.raises(
        LoadRejectedError, match=r"10.0% of 50 rows quarantined"
    ):
        check_load(hidden, DECISIONS)


def test_a_key_in_scientific_notation_stops_the_load_with_an_example():
    damaged = metrics(
        damaged_keys={
            "rows": 4,
            "source_file": "a.csv",
            "source_line": 7,
            "reason": "Id: the key is in scientific notation ('1.2E+11')",
        }
    )
    with pytest.raises(
        LoadRejectedError,
        match=r"4 key\(s\) .* a.csv line 7: .*'1.2E\+11'.* export again",
    ):
        check_load(damaged, DECISIONS)


def repeated(rows, superseded):
    file = {
        **metrics()["files"][0],
        "rows": rows,
        "superseded_rows": superseded,
    }
    key = {
        "source_file": "a.csv",
        "source_line": 2,
        "key": "k",
        "superseded_rows": superseded,
    }
    return metrics(
        files=[file],
        input_rows=rows,
        loaded_rows=rows - superseded,
        quarantined_rows=superseded,
        superseded_rows=superseded,
        repeated_keys=[key],
    )


def test_different_rows_of_one_file_with_one_key_stop_the_load_with_numbers():
    assert check_load(repeated(100, 5), DECISIONS)
    assert check_load(repeated(2, 1), DECISIONS), "one lead was updated"
    with pytest.raises(
        LoadRejectedError,
        match=r"6 of 100 rows \(6.0%\) of a.csv were superseded .* 5.0% allowed: 'k' from line 2 on \(7 rows\)",
    ):
        check_load(repeated(100, 6), DECISIONS)


def test_one_key_of_many_different_rows_stops_the_load_however_large_the_file():
    assert check_load(repeated(100_000, 49), DECISIONS)
    with pytest.raises(
        LoadRejectedError,
        match=r"more than 50 different rows .*'k' in a.csv \(51 rows\)",
    ):
        check_load(repeated(100_000, 50), DECISIONS)


def test_a_file_that_cannot_be_read_stops_the_load_beside_good_ones():
    damaged = {
        **metrics()["files"][0],
        "source_file": "b.csv.gz",
        "rows": 0,
        "problem": "gzip is damaged",
        "unreadable": True,
    }
    bad = metrics(files=[*metrics()["files"], damaged])
    with pytest.raises(
        LoadRejectedError, match=r"cannot be read: b.csv.gz \(gzip is damaged\)"
    ):
        check_load(bad, DECISIONS)


def test_missing_columns_beside_good_files_name_the_file_and_its_header():
    file = {
        **metrics()["files"][0],
        "problem": "missing column: City; line 1 was read as header: 'sep='",
    }
    bad = metrics(files=[file], missing_columns=["City"])
    with pytest.raises(
        LoadRejectedError,
        match=r"missing columns City in a.csv \(missing column: City; line 1 was read",
    ):
        check_load(bad, DECISIONS)


def test_what_was_not_read_is_in_the_result_and_in_the_log(caplog):
    load = metrics(
        unread_objects=[{"path": "b.xlsx", "reason": "not .csv"}],
        unread_object_count=1,
        skipped_lines=[
            {"source_file": "a.csv", "source_line": 1, "text": "sep=,"}
        ],
    )
    load["files"][0]["problem"] = "header without rows"
    result = check_load(load, DECISIONS)
    assert result["files_with_problems"] == ["a.csv (header without rows)"]
    assert "load-1: a.csv (header without rows)" in caplog.text
    assert result["unread_objects"] == ["b.xlsx (not .csv)"]
    assert "1 object(s) were not read: b.xlsx (not .csv)" in caplog.text
    assert "a.csv line 1 stands above the header" in caplog.text
