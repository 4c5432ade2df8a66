"""The job, in this process and on a real Spark session.

The `load` fixture checks rows in = loaded + quarantined + duplicates + blank every time.
"""

import gzip
import json
import os
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from include.contract import load_contract
from include.glue import s3_to_redshift as job
from include.glue.arguments import parse_arguments
from include.glue.errors import JobFailedError
from include.glue.loading import run as load_files
from include.glue.loading import workers
from include.glue.loading.duplicates import SUPERSEDED
from include.glue.parts.division import divide

ROOT = Path(__file__).parents[3]
REAL_LEADS = Path(
    os.environ.get("LEADS_CSV", ROOT / "../shared/data/Leads.csv")
)

# pyspark leaves the sockets of collect() to the garbage collector
pytestmark = pytest.mark.filterwarnings(
    "ignore:unclosed <socket:ResourceWarning"
)

HEADER = "Lead Id,Nr,Won,Visits,Pages,Channel,Heat,No calls\n"
A = "a,1,0,3,1.5,Web,hot,No\n"
B = "b,2,1,0,0,Mail,cold,Yes\n"
GOOD = HEADER + A


def test_parquet_has_the_columns_and_types_of_staging_in_order(load):
    result = load({"a.csv": HEADER + A + "b,2,,,,,,\n"})
    assert [(field.name, str(field.type)) for field in result.schema] == [
        ("lead_id", "string"),
        ("nr", "int32"),
        ("won", "int32"),
        ("visits", "int32"),
        ("pages", "double"),
        ("channel", "string"),
        ("heat", "string"),
        ("no_calls", "string"),
        ("source_file", "string"),
        ("source_changed_at", "timestamp[ns]"),
    ]
    assert [
        row["won"]
        for row in sorted(result.rows, key=lambda row: row["lead_id"])
    ] == [0, None]


def test_files_in_folders_are_read_and_named_relative_to_the_prefix(load):
    result = load(
        {
            "2024/new leads [1].CSV": GOOD,
            "b.csv": HEADER + B,
            "notes.txt": "x",
            "_tmp/c.csv": GOOD,
        }
    )
    assert {row["source_file"] for row in result.rows} == {
        "2024/new leads [1].CSV",
        "b.csv",
    }
    assert [file["source_file"] for file in result.metrics["files"]] == [
        "2024/new leads [1].CSV",
        "b.csv",
    ]


def test_a_quarantined_row_says_where_it_stood_and_why(load):
    result = load({"a.csv": GOOD + "b,2,1,none,0,Mail,cold,Yes\n"})
    (line,) = result.quarantine
    assert json.loads(line.pop("raw"))["Visits"] == "none"
    assert line == {
        "load_id": "load-1",
        "source_file": "a.csv",
        "source_line": 3,
        "rule": "Visits: not a whole number",
        "reason": "Visits: not a whole number ('none')",
    }


BAD_ROWS = {
    "text in a number": (
        "b,2,1,x,0,Mail,cold,Yes",
        "Visits: not a whole number",
    ),
    "negative visits": ("b,2,1,-1,0,Mail,cold,Yes", "Visits: below 0"),
    "a label that is not 0 or 1": ("b,2,7,1,0,Mail,cold,Yes", "Won: above 1"),
    "too few fields": ("b,2,1", "row: too few fields"),
    "too many fields": ("b,2,1,1,0,Mail,cold,Yes,,", "row: too many fields"),
    "no key": (",2,1,1,0,Mail,cold,Yes", "Lead Id: the key is empty"),
    "an unclosed quote": (
        'b,2,1,1,0,"Mail,cold,Yes',
        "row: a quote is not closed",
    ),
}


def test_bad_rows_of_every_kind_go_to_quarantine_and_good_rows_beside_them_load(
    load,
):
    good = '\nc,3,0,0,0,"Web",hot,No\n'
    result = load(
        {"a.csv": GOOD + good.join(row for row, _ in BAD_ROWS.values()) + good}
    )
    assert result.metrics["reasons"] == {
        rule: 1 for _, rule in BAD_ROWS.values()
    }
    assert (
        result.metrics["loaded_rows"],
        result.metrics["duplicate_rows"],
    ) == (2, 6)


BAD_FILES = {
    "0 bytes": (b"", 0, "empty file"),
    "header only": (HEADER, 0, "header without rows"),
    "utf-16 without a byte order mark": (
        (HEADER + B).encode("utf-16-le"),
        1,
        "header cannot be read: not readable",
    ),
    "missing column": (
        "Lead Id,Nr\nb,2\nc,3\n",
        2,
        "missing column: Won, Visits, Pages, Channel, Heat, No calls",
    ),
    "column twice": (
        HEADER.strip() + ",Nr\nb,2,1,0,0,Mail,cold,Yes,2\n",
        1,
        "column stands twice in the header: Nr",
    ),
    "semicolons": (
        HEADER.replace(",", ";") + B.replace(",", ";"),
        1,
        "missing column: Lead Id, Nr",
    ),
}


def test_a_file_that_cannot_be_loaded_says_why_and_good_files_beside_it_load(
    load,
):
    result = load(
        {
            "good.csv": GOOD,
            **{
                f"{name}.csv": content
                for name, (content, _, _) in BAD_FILES.items()
            },
        }
    )
    files = {
        file["source_file"].removesuffix(".csv"): file
        for file in result.metrics["files"]
    }
    for name, (_, rows, problem) in BAD_FILES.items():
        assert files[name]["rows"] == rows, name
        assert files[name]["problem"].startswith(problem)
    assert files["good"]["problem"] is None
    assert [row["lead_id"] for row in result.rows] == ["a"]


@pytest.mark.parametrize(
    "content",
    [b"", HEADER.encode(), b"\n"],
    ids=["0 bytes", "header only", "blank"],
)
def test_a_load_without_rows_still_writes_readable_parquet_and_metrics(
    load, content
):
    result = load({"a.csv": content})
    assert (
        result.rows,
        result.schema.names[0],
        result.metrics["input_rows"],
    ) == ([], "lead_id", 0)
    assert result.metrics["files"][0]["problem"]


def test_missing_columns_are_named_and_the_files_rows_quarantined(load):
    result = load(
        {"a.csv": "Lead Id,Nr,Won,Pages,Channel,Heat\na,1,0,1,Web,hot\n"}
    )
    assert result.metrics["missing_columns"] == ["No calls", "Visits"]
    assert (
        result.metrics["loaded_rows"],
        result.quarantine[0]["source_line"],
    ) == (0, 2)


def test_extra_columns_are_kept_out_and_reported(load):
    result = load({"a.csv": HEADER.strip() + ",Note\n" + A.strip() + ",call\n"})
    assert result.metrics["extra_columns"] == ["Note"]
    assert "Note" not in result.schema.names
    assert len(result.rows) == 1


def test_columns_in_another_order_are_put_in_the_contracts_order(load):
    result = load(
        {
            "a.csv": "No calls,Heat,Channel,Pages,Visits,Won,Nr,Lead Id\nNo,hot,Web,1.5,3,0,1,a\n"
        }
    )
    assert result.rows == load({"a.csv": GOOD}).rows


def test_broken_utf8_costs_its_line_only(load):
    result = load({"a.csv": GOOD.encode() + b"b,2,1,0,0,\xff,cold,Yes\n"})
    assert [row["lead_id"] for row in result.rows] == ["a"]
    assert (
        result.quarantine[0]["raw"] == r'{"line": "b,2,1,0,0,\\xff,cold,Yes"}'
    )


def test_the_same_file_twice_is_loaded_once(load):
    result = load({"a.csv": HEADER + A + B, "b.csv": HEADER + A + B})
    assert (
        result.metrics["loaded_rows"],
        result.metrics["duplicate_rows"],
    ) == (2, 2)
    assert {row["source_file"] for row in result.rows} == {"b.csv"}


def test_rows_are_equal_if_their_typed_values_are(load):
    result = load({"a.csv": GOOD + " a ,01,0,3.0,1.50,Web,hot,No\n"})
    assert (
        result.metrics["loaded_rows"],
        result.metrics["duplicate_rows"],
    ) == (1, 1)


def test_of_different_rows_with_one_key_the_latest_file_wins(load):
    result = load(
        {"z.csv": HEADER + B + A, "a.csv": GOOD.replace("3,1.5", "9,1.5")}
    )
    assert {row["lead_id"]: row["visits"] for row in result.rows} == {
        "a": 9,
        "b": 0,
    }
    (loser,) = result.quarantine
    assert (loser["source_file"], loser["source_line"], loser["reason"]) == (
        "z.csv",
        3,
        "superseded by a.csv line 2",
    )
    assert json.loads(loser["raw"])["Visits"] == "3"
    assert result.metrics["reasons"] == {SUPERSEDED: 1}


def test_a_row_carries_the_time_of_its_file_in_utc(load):
    result = load({"a.csv": GOOD, "b.csv": HEADER + B})
    moments = {row["lead_id"]: row["source_changed_at"] for row in result.rows}
    first = datetime(2023, 11, 14, 22, 13, 20)
    assert moments == {"a": first, "b": first + timedelta(seconds=1)}


@pytest.fixture
def dated(tmp_path, arguments):
    """Makes a text column of the contract say when a row was changed."""
    file = tmp_path / "contract.json"
    content = json.loads(file.read_text())
    content["columns"].append(
        {"name": "Saved", "field": "saved", "type": "string"}
    )
    content["changed_at"] = "saved"
    file.write_text(json.dumps(content))


DATED_HEADER = HEADER.replace("\n", ",Saved\n")


def dated_row(visits: int, saved: str) -> str:
    return A.replace("a,1,0,3", f"a,1,0,{visits}").replace("\n", f",{saved}\n")


def test_a_column_of_the_contract_says_which_row_is_newer_before_the_files_do(
    dated, load
):
    result = load(
        {
            "new.csv": DATED_HEADER + dated_row(9, "2026-03-01T01:30:00+05:30"),
            "old.csv": DATED_HEADER
            + dated_row(3, "2026-02-28")
            + dated_row(4, ""),
        }
    )
    (row,) = result.rows
    assert (row["visits"], row["saved"]) == (9, "2026-02-28T20:00:00.000000")
    assert result.metrics["superseded_rows"] == 2


def test_a_number_of_the_contract_says_which_row_is_newer(
    arguments, load, tmp_path
):
    file = tmp_path / "contract.json"
    content = json.loads(file.read_text()) | {"changed_at": "visits"}
    file.write_text(json.dumps(content))
    rows = [A.replace("3,1.5", f"{visits},1.5") for visits in (9, 10, 2)]
    result = load(
        {"a.csv": HEADER + rows[1], "b.csv": HEADER + rows[0] + rows[2]}
    )
    assert [row["visits"] for row in result.rows] == [10]


def test_a_row_that_does_not_say_when_it_was_changed_goes_to_quarantine(
    dated, load
):
    result = load(
        {
            "a.csv": DATED_HEADER
            + dated_row(3, "28/02/2026")
            + dated_row(9, "2026-02-28 08:00")
        }
    )
    assert [row["visits"] for row in result.rows] == [9]
    assert result.metrics["reasons"] == {
        "Saved: not an ISO 8601 date or moment": 1
    }


def test_within_a_file_the_last_row_of_a_key_wins(load):
    result = load(
        {
            "a.csv": GOOD
            + A.replace("3,1.5", "4,1.5")
            + A.replace("3,1.5", "5,1.5")
        }
    )
    assert [row["visits"] for row in result.rows] == [5]
    assert [line["reason"] for line in result.quarantine] == [
        "superseded by a.csv line 4"
    ] * 2


def test_levels_outside_the_contract_are_counted(load):
    rows = "".join(
        f"k{n},1,0,3,1,{'Web' if n > 2 else 'Pigeon'},hot,No\n"
        for n in range(5)
    )
    metrics = load({"a.csv": HEADER + rows + "m,1,0,3,1,Web,mild,No\n"}).metrics
    assert metrics["unknown_levels"] == {"channel": {"Pigeon": 3}}
    assert metrics["reasons"] == {"Heat: none of cold, hot": 1}


def test_running_a_load_again_replaces_what_it_wrote(load):
    first = load({"a.csv": HEADER + A + B + "c,x,1,0,0,Mail,cold,Yes\n"})
    again = load({})
    assert (again.metrics, again.quarantine) == (
        first.metrics,
        first.quarantine,
    )
    assert sorted(again.rows, key=str) == sorted(first.rows, key=str)


FIELD_FILES = {
    "plain.csv": GOOD,
    "nbsp.CSV": HEADER.replace("Lead Id", "\ufeff\ufeffLead\u00a0Id")
    + 'k1,1,0,3,1.5, "Web",hot,No\n',
    "[final] {a,b} *?/packed.CSV.GZ": gzip.compress(
        (HEADER + "k2,1,0,3,1.5,Web\u200b,hot,No\n").encode()
    ),
    "100%20 a+b#1 \\ \u00fc/utf16.csv": (
        HEADER + "k3,1,0,3,1.5,Select,hot,No\n"
    ).encode("utf-16"),
    "sep.csv": "sep=,\r\n" + HEADER + "k4,1,0,3,1.5,Web,hot,No\n",
    "ghosts.csv": HEADER + "k5,1,0,3,1.5,Web,hot,No\n" + ",,,,,,,\n" * 40,
    "note.csv": HEADER.strip()
    + ',Note\nk6,1,0,3,1.5,Web,hot,No,"'
    + "a line, of a thread\n" * 150
    + '"\n',
    "unclosed.csv": HEADER
    + 'x,1,0,3,1.5,"Web,hot,No\nk7,1,0,3,1.5,Web,hot,No\n',
    "many.csv": HEADER
    + 'y,1,0,3,1.5,"'
    + "n,1,0,3,1.5,Web,hot,No\n" * 5
    + '",hot,No,too many\n',
    "keys.csv": HEADER
    + "".join(f"1.23457E+11,{nr},0,3,1.5,Web,hot,No\n" for nr in range(1, 5))
    + "#REF!,5,0,3,1.5,Web,hot,No\n"
    + "Grand Total,6,0,3,1.5,Web,hot,No\n",
    "footer.csv": HEADER + "k8,1,0,3,1.5,Web,hot,No\nTotal,1\n",
    "shared.csv": HEADER
    + "".join(f"same,{nr},0,3,1.5,Web,hot,No\n" for nr in range(1, 5)),
    "damaged.csv.gz": gzip.compress(GOOD.encode())[:-4],
    "workbook.xlsx": b"PK",
    "old.csv.bz2": b"BZh9",
    "_batch=1/hidden.csv": GOOD,
    ".tmp/hidden.csv": GOOD,
}


def test_files_from_the_field_are_read_or_named_in_one_load(load):
    result = load(FIELD_FILES)
    metrics = result.metrics
    assert sorted(row["lead_id"] for row in result.rows) == [
        "a",
        *(f"k{number}" for number in range(1, 9)),
        "same",
    ]
    assert {row["channel"] for row in result.rows} == {"Web", None}
    assert metrics["blank_rows"] == 40
    assert metrics["reasons"] == {
        "row: a quote is not closed": 1,
        "row: too many fields": 1,
        "row: a footer below the table": 1,
        "Lead Id: the key is in scientific notation, its last digits are lost": 4,
        "Lead Id: the key is an error or a formula of a spreadsheet": 1,
        "Lead Id: the key is the label of a total": 1,
        SUPERSEDED: 3,
    }
    assert metrics["footer_rows"] == 1
    assert metrics["null_tokens"] == {"channel": {"Select": 1}}
    assert metrics["skipped_lines"] == [
        {"source_file": "sep.csv", "source_line": 1, "text": "sep=,"}
    ]
    assert metrics["damaged_keys"] == {
        "rows": 5,
        "source_file": "keys.csv",
        "source_line": 2,
        "reason": "Lead Id: the key is in scientific notation, its last digits are lost ('1.23457E+11')",
    }
    assert metrics["repeated_keys"] == [
        {
            "source_file": "shared.csv",
            "source_line": 2,
            "key": "same",
            "superseded_rows": 3,
            "last_line": 5,
        }
    ]
    assert {
        item["path"]: item["reason"] for item in metrics["unread_objects"]
    } == {
        ".tmp/hidden.csv": "'.tmp' begins with _ or .",
        "_batch=1/hidden.csv": "'_batch=1' begins with _ or .",
        "old.csv.bz2": "its name does not end with .csv or .csv.gz",
        "workbook.xlsx": "its name does not end with .csv or .csv.gz",
    }
    assert metrics["unread_object_count"] == 4
    assert [
        (file["source_file"], file["problem"][:15])
        for file in metrics["files"]
        if file["unreadable"]
    ] == [("damaged.csv.gz", "gzip is damaged")]


@pytest.fixture
def on_spark(spark, monkeypatch):
    """Divides every file, however small, and gives each part to a task of Spark."""
    monkeypatch.setattr(workers, "BYTES_IN_ONE_PROCESS", 0)
    monkeypatch.setattr(workers, "TASK_BYTES", 2_000)
    monkeypatch.setattr(load_files, "divide", lambda files: divide(files, 500))
    return spark


@pytest.fixture(
    params=[
        "in this process",
        pytest.param("on Spark", marks=pytest.mark.slow),
    ]
)
def anywhere(request):
    if request.param == "on Spark":
        request.getfixturevalue("on_spark")


@pytest.mark.parametrize(
    ("module", "moment"),
    [(job, "list_csv_objects"), (load_files, "survey_files")],
    ids=["after listing", "between reading and writing"],
)
def test_an_object_deleted_while_the_job_runs_ends_it_with_its_name(
    anywhere, arguments, tmp_path, monkeypatch, module, moment
):
    for name in ("a.csv", "b.csv"):
        (tmp_path / "raw" / name).write_text(GOOD)
    step = getattr(module, moment)

    def step_then_delete(*args):
        result = step(*args)
        (tmp_path / "raw" / "b.csv").unlink()
        return result

    monkeypatch.setattr(module, moment, step_then_delete)
    with pytest.raises(
        JobFailedError,
        match=r"b\.csv under file://.* vanished while the job ran",
    ):
        job.run(parse_arguments("", job.ARGUMENTS, arguments))
    assert not (tmp_path / "metrics.json").exists()


def test_an_object_written_again_while_the_job_runs_ends_it_with_its_name(
    arguments, tmp_path, monkeypatch
):
    file = tmp_path / "raw" / "a.csv"
    file.write_text(GOOD)
    survey_files = load_files.survey_files

    def survey_then_write(*args):
        result = survey_files(*args)
        file.write_text(GOOD + B)
        return result

    monkeypatch.setattr(load_files, "survey_files", survey_then_write)
    with pytest.raises(
        JobFailedError, match=r"a\.csv under file://.* was written again"
    ):
        job.run(parse_arguments("", job.ARGUMENTS, arguments))


def comparable(result):
    return (
        result.metrics,
        sorted(map(repr, result.rows)),
        sorted(map(repr, result.quarantine)),
    )


LONG = HEADER + "".join(
    f'k{n % 40},{n + 1},0,{n % 7},1.5,"Web{"," * (n % 2)} a{chr(10) * (n % 3)}",hot,No\n'
    if n % 11
    else f"q{n},{n + 1},0,many,1.5,Web,hot,No\n"
    for n in range(120)
)


@pytest.mark.slow
def test_spark_divides_files_and_does_what_one_process_does(
    request, load, monkeypatch
):
    files = {**FIELD_FILES, "long.csv": LONG, "again.csv": LONG}
    alone = comparable(load(files))
    request.getfixturevalue("on_spark")
    assert comparable(load(files)) == alone
    lines = {
        line["source_line"]
        for line in load({}).quarantine
        if line["source_file"] == "again.csv"
    }
    assert len(lines) > 50


def test_a_prefix_without_csv_objects_ends_the_process_with_a_message(
    arguments, spark_environment
):
    done = subprocess.run(
        [sys.executable, job.__file__, *arguments],
        env={**os.environ, **spark_environment},
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0
    last_line = done.stderr.strip().splitlines()[-1]
    source = arguments[0].partition("=")[2]
    assert last_line.endswith(
        f"JobFailedError: no CSV objects under {source}; check the prefix that the sensor saw"
    )


def test_a_prefix_with_other_objects_only_names_them(arguments, tmp_path):
    (tmp_path / "raw" / "leads.xlsx").write_text("x")
    with pytest.raises(
        JobFailedError, match=r"no CSV objects .*; 1 not read: leads\.xlsx"
    ):
        job.run(parse_arguments("", job.ARGUMENTS, arguments))


def test_a_contract_that_is_not_there_ends_the_job_with_its_address(
    arguments, tmp_path
):
    (tmp_path / "contract.json").unlink()
    with pytest.raises(JobFailedError, match=r"contract\.json cannot be read"):
        job.run(parse_arguments("", job.ARGUMENTS, arguments))


@pytest.mark.skipif(
    not REAL_LEADS.exists(), reason="no real leads; set LEADS_CSV"
)
def test_the_real_leads_all_load_and_no_cell_says_select(arguments, tmp_path):
    (tmp_path / "raw" / "leads.csv").write_bytes(REAL_LEADS.read_bytes())
    (tmp_path / "contract.json").write_text(
        load_contract("x_education").model_dump_json()
    )
    metrics = job.run(parse_arguments("", job.ARGUMENTS, arguments))
    table = pq.read_table(tmp_path / "out" / "load=load-1", partitioning=None)
    assert (
        metrics["loaded_rows"],
        metrics["quarantined_rows"],
        metrics["unknown_levels"],
    ) == (9240, 0, {})
    assert sum(table["converted"].to_pylist()) == 3561
    assert not [
        name
        for name in table.column_names
        if "Select" in table[name].to_pylist()
    ]
