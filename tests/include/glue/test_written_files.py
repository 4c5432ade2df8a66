"""Files as other companies write them: delimiters, encodings, formats, keys that no file has, dates.

Every load runs in this process; `outcome` checks that no row is lost.
"""

import codecs
import gzip
import io
import json
import os
from datetime import date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from include.contract import parse_contract
from include.decisions import Decisions
from include.glue import s3_to_redshift as job
from include.glue.arguments import parse_arguments
from include.glue.errors import JobFailedError
from include.lake.errors import LoadRejectedError
from include.lake.quality import check_load
from tests.include.glue.conftest import outcome

BANK = Path(__file__).parents[3] / "../shared/data/bank-additional-full.csv.gz"
DOCUMENT = {
    "format": 2,
    "contract": "deposits",
    "key": "Id",
    "clock": "Nr",
    "outcomes": [
        {"name": "won", "column": "y", "positive": ["yes"], "negative": ["no"]}
    ],
    "columns": [
        {"name": "Id", "type": "string"},
        {"name": "Nr", "type": "integer"},
        {"name": "Age", "type": "number"},
        {"name": "City", "type": "category"},
    ],
}
ROWS = [
    ["Id", "Nr", "Age", "City", "y"],
    ["a", "1", "30", "Köln", "yes"],
    ["b", "2", "41.5", "“Paris”", "no"],
    ["c", "3", "", "Oslo, N", ""],
]


def written(delimiter=",", quote='"', rows=ROWS) -> str:
    """Return the rows as CSV text."""

    def cell(text: str) -> str:
        return f"{quote}{text}{quote}" if delimiter in text else text

    return "".join(delimiter.join(map(cell, row)) + "\n" for row in rows)


def document(**changes):
    return DOCUMENT | changes


@pytest.fixture
def load_as(arguments, tmp_path):
    """Run the job on {path: text or bytes} by a contract of format 2; a later path is a later file."""

    def run(content, files):
        contract = parse_contract(content, "test")
        (tmp_path / "contract.json").write_text(contract.model_dump_json())
        for age, (name, data) in enumerate(files.items()):
            path = tmp_path / "raw" / name
            raw = data if isinstance(data, bytes) else data.encode()
            path.write_bytes(raw)
            os.utime(path, (1_700_000_000 + age, 1_700_000_000 + age))
        job.run(parse_arguments("", job.ARGUMENTS, arguments))
        return outcome(tmp_path)

    return run


def cities(load):
    return {row["id"]: row["city"] for row in load.rows}


EXPECTED = {"a": "Köln", "b": "“Paris”", "c": "Oslo, N"}


@pytest.mark.parametrize(
    ("delimiter", "quote"),
    [(";", '"'), ("\t", '"'), ("|", '"'), (",", "'"), ("^", "'"), ("¦", '"')],
)
def test_any_delimiter_and_quote_is_read(load_as, delimiter, quote):
    files = {"delimiter": delimiter, "quote": quote}
    content = written(delimiter, quote)
    load = load_as(document(files=files), {"a.csv": content})
    assert cities(load) == EXPECTED
    assert [row["won"] for row in load.rows] == [1, 0, None]


def test_a_line_of_delimiters_is_a_blank_row_where_tabs_separate_cells(load_as):
    content = written("\t") + "\t\t\t\t\n\n"
    load = load_as(document(files={"delimiter": "tab"}), {"a.tsv": content})
    assert load.metrics["blank_rows"] == 1
    assert len(load.rows) == 3


@pytest.mark.parametrize(
    ("encoding", "bom"),
    [
        ("windows-1252", b""),
        ("utf-16-le", b""),
        ("utf-16", b""),
        ("utf-16-be", codecs.BOM_UTF16_BE),
        ("utf-8", codecs.BOM_UTF8),
        ("gb18030", b""),
    ],
)
def test_text_in_the_named_encoding_is_read(load_as, encoding, bom):
    content = bom + written().encode(encoding)
    packed = gzip.compress(content)
    load = load_as(
        document(files={"encoding": encoding}),
        {"a.csv": content, "b.csv.gz": packed},
    )
    assert cities(load) == EXPECTED
    assert load.metrics["duplicate_rows"] == 3


@pytest.mark.parametrize(
    ("encoding", "content", "problem"),
    [
        (
            "windows-1252",
            written().encode("windows-1252") + b"d,4,1,\x81,no\n",
            "byte 0x81 at offset 75, line 5",
        ),
        ("latin-1", written().encode(), "would read 'ö' as 'Ã¶'"),
        (
            "gb18030",
            written(rows=[ROWS[0], ["d", "4", "1", "é" * 20, ""]]).encode(),
            "in UTF-8",
        ),
        ("utf-16", written().encode(), "its first bytes hold no NUL"),
    ],
    ids=["a byte it has not", "UTF-8", "much UTF-8", "not UTF-16"],
)
def test_a_file_in_another_encoding_is_named(
    load_as, encoding, content, problem
):
    load = load_as(document(files={"encoding": encoding}), {"a.csv": content})
    (file,) = load.metrics["files"]
    assert file["unreadable"]
    assert problem in file["problem"]
    assert load.rows == []


def test_a_line_in_utf_8_in_a_file_of_latin_1_is_not_read_as_something_else(
    load_as,
):
    rows = written(rows=ROWS[:2]).encode("latin-1")
    content = rows + "b,2,5,Zürich,no\n".encode()
    load = load_as(document(files={"encoding": "latin-1"}), {"a.csv": content})
    assert cities(load) == {"a": "Köln"}
    (line,) = load.quarantine
    assert line["rule"].startswith("row: in UTF-8 and not in iso8859-1")
    assert "Zürich" not in json.loads(line["raw"])["line"]
    assert line["source_line"] == 3


def test_latin_1_under_a_contract_of_utf_8_says_which_encoding_it_may_be(
    load_as,
):
    load = load_as(
        document(), {"a.csv": written(rows=ROWS[:2]).encode("latin-1")}
    )
    (example,) = load.metrics["examples"]
    assert "encoding: windows-1252" in example["hint"]


PARQUET = {
    "Id": ["a", "b", "c"],
    "Nr": [1.0, 2.0, 3.0],
    "Age": [30.25, None, 41.0],
    "City": ["Köln", 'a "b"\n,c', None],
    "y": [True, False, None],
    "Seen": [date(2026, 1, 2), None, date(2026, 1, 3)],
    "At": [datetime(2026, 1, 2, 3, 4, 5), None, None],  # noqa: DTZ001
}
OF_PARQUET = document(
    files={"format": "parquet", "decimal": ",", "time_zone": "Europe/Berlin"},
    outcomes=[
        {
            "name": "won",
            "column": "y",
            "positive": ["true"],
            "negative": ["false"],
        }
    ],
    columns=[
        *DOCUMENT["columns"],
        {"name": "Seen", "type": "date"},
        {"name": "At", "type": "timestamp"},
    ],
)


def as_parquet(columns) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns), buffer)
    return buffer.getvalue()


def as_json(columns) -> str:
    rows = zip(*columns.values(), strict=True)
    lines = [
        json.dumps(dict(zip(columns, row, strict=True)), default=str)
        for row in rows
    ]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("file_format", "name", "content"),
    [
        ("parquet", "a.parquet", as_parquet(PARQUET)),
        ("json_lines", "a.jsonl", as_json(PARQUET)),
    ],
)
def test_typed_values_are_read_as_what_they_are(
    load_as, file_format, name, content
):
    files = OF_PARQUET["files"] | {"format": file_format}
    load = load_as(OF_PARQUET | {"files": files}, {name: content})
    values = [
        {field: row[field] for field in ("nr", "age", "city", "won", "seen")}
        for row in load.rows
    ]
    assert values == [
        {
            "nr": 1,
            "age": 30.25,
            "city": "Köln",
            "won": 1,
            "seen": date(2026, 1, 2),
        },
        {"nr": 2, "age": None, "city": 'a "b"\n,c', "won": 0, "seen": None},
        {
            "nr": 3,
            "age": 41.0,
            "city": None,
            "won": None,
            "seen": date(2026, 1, 3),
        },
    ]
    # written in Berlin, stored in UTC
    assert str(load.rows[0]["at"]) == "2026-01-02 02:04:05"
    assert [(f.name, str(f.type)) for f in load.schema][4:7] == [
        ("seen", "date32[day]"),
        ("at", "timestamp[ns]"),
        ("won", "int32"),
    ]


def test_a_rejected_row_of_parquet_is_named_by_its_number(load_as):
    columns = PARQUET | {"Nr": [1.0, 2.5, 3.0], "City": ["a\nb\nc", "d", "e"]}
    content = OF_PARQUET | {"files": {"format": "parquet"}}
    load = load_as(content, {"a.parquet": as_parquet(columns)})
    (line,) = load.quarantine
    assert line["source_line"] == 2
    assert line["reason"] == "Nr: not a whole number ('2.5')"


def test_nested_and_broken_values_are_refused_by_name(load_as):
    lines = [
        '{"Id": "a", "Nr": 1, "Age": 1, "City": "x", "y": "yes", "extra": {"a": [1]}}',
        '{"Id": "b", "Nr": 2, "Age": [1], "City": "x", "y": "yes"}',
        '{"Id": "c", "Nr": 3, "Nr": 4}',
        "[1, 2]",
        "{",
        '{"Id": "d", "Nr": 5}',
    ]
    load = load_as(
        document(files={"format": "json_lines"}), {"a.json": "\n".join(lines)}
    )
    assert [row["id"] for row in load.rows] == ["a", "d"]
    assert load.metrics["extra_columns"] == ["extra"]
    assert [
        (line["source_line"], line["rule"]) for line in load.quarantine
    ] == [
        (2, "row: a nested value in 'Age', expected a single value"),
        (3, "row: a key stands twice in the JSON object"),
        (4, "row: not a JSON object"),
        (5, "row: not a JSON object"),
    ]


@pytest.mark.parametrize(
    ("file_format", "name", "content", "problem"),
    [
        (
            "parquet",
            "a.parquet",
            as_parquet(PARQUET | {"Age": [[1], [2], None]}),
            "column 'Age' holds list",
        ),
        ("parquet", "a.parquet", as_parquet(PARQUET)[:-9], "damaged Parquet"),
        ("parquet", "a.parquet", written(), "not a Parquet file"),
        ("json_lines", "a.json", written(), "not JSON lines"),
    ],
)
def test_a_file_that_is_not_of_the_contracts_format_is_named(
    load_as, file_format, name, content, problem
):
    load = load_as(document(files={"format": file_format}), {name: content})
    assert problem in load.metrics["files"][0]["problem"]
    assert load.metrics["files"][0]["unreadable"]


def test_what_is_read_is_said_by_the_format_and_the_rest_is_named(load_as):
    load = load_as(
        document(files={"delimiter": "|"}),
        {
            "a.txt": written("|"),
            "b.txt.gz": gzip.compress(written("|").encode()),
            "c.parquet": b"x",
        },
    )
    assert load.metrics["input_rows"] == 6
    (unread,) = load.metrics["unread_objects"]
    assert unread["path"] == "c.parquet"
    assert "ends with none of .csv, .txt" in unread["reason"]


def test_a_folder_without_a_file_of_the_format_says_what_lies_there(load_as):
    with pytest.raises(
        JobFailedError, match=r"no \.parquet objects .*: a\.csv \(its name ends"
    ):
        load_as(document(files={"format": "parquet"}), {"a.csv": "x"})


def test_aliases_and_optional_columns(load_as):
    columns = [
        *DOCUMENT["columns"][:2],
        {"name": "Age", "type": "number", "aliases": ["Years old"]},
        {"name": "City", "type": "category", "optional": True},
        {"name": "Calls", "type": "integer", "optional": True},
    ]
    content = 'id;NR;years_old;y\na;1;30;yes\n"b""x";2;31;no\n'
    load = load_as(
        document(columns=columns, files={"delimiter": ";"}),
        {"a.csv": content},
    )
    assert [(row["age"], row["city"], row["calls"]) for row in load.rows] == [
        (30, None, None),
        (31, None, None),
    ]
    assert load.metrics["missing_columns"] == []


def test_a_missing_column_says_which_heading_is_nearest(load_as):
    load = load_as(document(), {"a.csv": written().replace("Age", "Ages")})
    (file,) = load.metrics["files"]
    assert "missing column: Age; 'Ages' is nearest to Age" in file["problem"]
    assert "aliases: [Ages]" in file["problem"]


JOINED = document(key={"columns": ["Id", "City"]})


def test_a_joined_key_tells_every_pair_apart(load_as):
    rows = [
        ROWS[0],
        ["a|b", "1", "1", "c", "yes"],
        ["a", "2", "1", "b|c", "yes"],
        ["a\\", "3", "1", "b|c", "no"],
        [' "a" ', "4", "1", "c", "no"],
        ["e", "5", "1", "", "no"],
        ["", "6", "1", "c", "no"],
        ["x" * 1000, "7", "1", "y" * 30, "no"],
        ["", "", "", "", ""],
    ]
    load = load_as(JOINED, {"a.csv": written(rows=rows)})
    assert [row["lead_key"] for row in load.rows] == [
        "a\\|b|c",
        "a|b\\|c",
        "a\\\\|b\\|c",
        "a|c",
    ]
    assert {line["rule"] for line in load.quarantine} == {
        "City: the key is empty",
        "Id: the key is empty",
        "lead_key: longer than 1024 bytes",
    }
    assert load.metrics["blank_rows"] == 1


BY_ROW = document(key={"row": True}, clock={"row": True})


def test_the_key_of_a_row_survives_a_second_load_and_a_late_outcome(load_as):
    rows = [
        ROWS[0],
        ["a", "1", "2", "x", ""],
        ['"a"', "1", "2", "x", "no"],
        ["a", "1", "2", " x ", ""],
        ["b", "1", "2", "x", ""],
    ]
    first = load_as(BY_ROW, {"a.csv": written(rows=rows)})
    keys = [row["lead_key"] for row in first.rows]
    digests = [key[:32] for key in keys]
    assert [key[32:] for key in keys] == ["-0", "-1", "-2", "-0"]
    assert digests[0] == digests[1] == digests[2] != digests[3]
    assert [row["row_number"] for row in first.rows] == [
        1_700_000_000 * 1_000_000 + line for line in (2, 3, 4, 5)
    ]
    late = [*rows[:4], ["b", "1", "2", "x", "yes"]]
    second = load_as(
        BY_ROW, {"a.csv": written(rows=rows), "b.csv": written(rows=late)}
    )
    assert sorted(row["lead_key"] for row in second.rows) == sorted(keys)
    assert second.metrics["duplicate_rows"] == 3
    assert second.metrics["superseded_rows"] == 1
    assert {row["source_file"] for row in second.rows} == {"b.csv"}


def test_dates_are_read_as_the_contract_says(load_as):
    content = document(
        clock="Came",
        changed_at="At",
        files={
            "delimiter": ";",
            "date_formats": ["%d.%m.%Y", "%d.%m.%Y %H:%M"],
            "time_zone": "Europe/Berlin",
            "decimal": ",",
            "thousands": ".",
        },
        columns=[
            *DOCUMENT["columns"],
            {"name": "Came", "type": "date"},
            {"name": "At", "type": "timestamp"},
        ],
    )
    text = (
        "Id;Nr;Age;City;y;Came;At\n"
        "a;1;1.234,5;x;yes;31.01.2026;31.01.2026 08:30\n"
        "a;2;2,5;x;yes;2026-02-01;2026-02-01T08:30:00Z\n"
        "b;2;2.5;x;yes;02/01/2026;\n"
    )
    load = load_as(content, {"a.csv": text})
    (row,) = load.rows
    assert (row["nr"], row["age"]) == (2, 2.5)
    assert row["came"] == date(2026, 2, 1)
    assert str(row["at"]) == "2026-02-01 08:30:00"
    broken, superseded = load.quarantine
    assert "Came: not a date" in broken["reason"]
    assert superseded["rule"].startswith("superseded")


def test_the_gate_names_the_likely_cause_with_a_cell_and_its_line(load_as):
    rows = [ROWS[0], ["a", "1", '"12,5"', "x", "yes"]]
    load = load_as(document(), {"a.csv": "\n".join(map(",".join, rows))})
    metrics = load.metrics
    with pytest.raises(LoadRejectedError) as rejected:
        check_load(metrics, Decisions())
    assert (
        "a.csv line 2: '12,5' looks like a decimal comma; write files: "
        '{decimal: ","}' in str(rejected.value)
    )


def test_a_key_that_many_leads_share_stops_with_numbers_and_two_rows(load_as):
    lines = [f"may,{number},30,x,yes\n" for number in range(60)]
    text = "Id,Nr,Age,City,y\n" + "".join(lines)
    load = load_as(document(), {"a.csv": text})
    assert len(load.rows) == 1
    with pytest.raises(LoadRejectedError) as rejected:
        check_load(load.metrics, Decisions())
    message = str(rejected.value)
    assert "59 of 60 rows (98.3%) of a.csv were superseded" in message
    assert 'line 2: {"Id": "may", "Nr": "0"' in message
    assert 'line 61: {"Id": "may", "Nr": "59"' in message
    assert "key: {row: true}" in message


@pytest.mark.skipif(not BANK.exists(), reason="the file is not here")
def test_the_file_of_uci_loads_without_a_key_and_a_clock(load_as):
    numbers = ("emp.var.rate", "cons.price.idx", "cons.conf.idx", "euribor3m")
    words = ("job", "marital", "education", "default", "contact", "month")
    others = ("day_of_week", "poutcome")
    columns = [{"name": "age", "type": "integer"}]
    columns += [{"name": name, "type": "number"} for name in numbers]
    columns += [{"name": name, "type": "category"} for name in words + others]
    columns += [
        {
            "name": name,
            "type": "boolean",
            "positive": ["yes"],
            "negative": ["no"],
        }
        for name in ("housing", "loan")
    ]
    columns += [
        {"name": name, "type": "integer"}
        for name in ("duration", "campaign", "pdays", "previous")
    ]
    columns += [{"name": "nr.employed", "type": "number"}]
    content = BY_ROW | {
        "files": {"delimiter": "semicolon", "null_tokens": ["", "unknown"]},
        "columns": columns,
    }
    data = BANK.read_bytes()
    load = load_as(content, {"bank.csv.gz": data})
    assert load.metrics["input_rows"] == 41_188
    assert load.metrics["quarantined_rows"] == 0
    assert load.metrics["duplicate_rows"] == 0
    assert len({row["lead_key"] for row in load.rows}) == 41_188
