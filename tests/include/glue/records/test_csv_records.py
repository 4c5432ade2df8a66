"""Rows, rejected rows and summaries of CSV files, without Spark."""

import codecs
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.contract.text import clean_text
from include.glue.errors import JobFailedError
from include.glue.job_contract import parse_contract
from include.glue.records.csv_records import parse_file

HEADER = "Lead Id,Nr,Won,Visits,Pages,Channel,Heat,No calls"
GOOD = "a,1,0,3,1.5,Web,hot,No"


def parse(contract, text):
    content = text if isinstance(text, bytes) else text.encode()
    *rows, summary = parse_file(contract, content)
    counts = json.loads(summary.raw)
    assert counts["rows"] == len(rows) + counts["blank_rows"], (
        "the summary counts every row that came out, and the blank ones"
    )
    return rows, counts


def one(contract, row):
    (record,), _ = parse(contract, f"{HEADER}\n{row}\n")
    return record


def test_a_good_row_is_typed_in_the_order_of_the_contract(contract):
    record = one(contract, GOOD)
    assert record.values == ("a", 1, 0, 3, 1.5, "Web", "hot", "No")
    assert (record.kind, record.line) == ("row", 2)


def test_cells_are_trimmed_and_null_tokens_become_missing(contract):
    assert one(contract, " a ,1, ,Select,  Select ,,hot ,").values == (
        "a",
        1,
        None,
        None,
        None,
        None,
        "hot",
        None,
    )


def test_an_open_lead_has_no_label_and_is_loaded(contract):
    assert one(contract, "a,1,,3,1.5,Web,hot,No").values[2] is None


@pytest.mark.parametrize(
    ("text", "value"), [("3.0", 3), ("+3", 3), ("007", 7), ("0", 0)]
)
def test_whole_numbers_are_read_as_spreadsheets_write_them(
    contract, text, value
):
    assert one(contract, f"a,1,0,{text},1,Web,hot,No").values[3] == value


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("a,1,0,many,1,Web,hot,No", "Visits: not a whole number ('many')"),
        ("a,1,0,1.5,1,Web,hot,No", "Visits: not a whole number ('1.5')"),
        ("a,1,0,1_0,1,Web,hot,No", "Visits: not a whole number ('1_0')"),
        ("a,1,0,٣,1,Web,hot,No", "Visits: not a whole number ('٣')"),
        ("a,1,0,-3,1,Web,hot,No", "Visits: below 0 ('-3')"),
        (
            "a,1,0,2147483648,1,Web,hot,No",
            "Visits: does not fit into 32 bits ('2147483648')",
        ),
        ("a,1,0,3,nan,Web,hot,No", "Pages: not a number ('nan')"),
        ("a,1,0,3,1e999,Web,hot,No", "Pages: not a number ('1e999')"),
        ('a,1,0,3,"1,5",Web,hot,No', "Pages: not a number ('1,5')"),
        ("a,1,2,3,1,Web,hot,No", "Won: above 1 ('2')"),
        ("a,1,yes,3,1,Web,hot,No", "Won: not a whole number ('yes')"),
        (
            "a,1,0,3,1e16,Web,hot,No",
            "Pages: not between -9007199254740992 and 9007199254740992 ('1e16')",
        ),
        (" ,1,0,3,1,Web,hot,No", "Lead Id: the key is empty ('')"),
        ("a,1,0,3,1,Web,boiling,No", "Heat: none of cold, hot ('boiling')"),
        ("a,1,0,3,1,Web,hot,maybe", "No calls: neither Yes nor No ('maybe')"),
        (
            f"a,1,0,3,1,{'é' * 200},hot,No",
            f"Channel: longer than 256 bytes ('{'é' * 40}…')",
        ),
        (
            "a,1,0,-3,x,Web,hot,No",
            "Visits: below 0 ('-3'); Pages: not a number ('x')",
        ),
        ("a,1,0,3,1,Web,hot", "row: too few fields (7 instead of 8)"),
        ("a,1,0,3,1,Web,hot,No,more", "row: too many fields (9 instead of 8)"),
        ('a,1,0,3,1,"Web"b,hot,No', "row: ',' expected after '\"'"),
    ],
)
def test_a_row_that_breaks_a_rule_says_which_column_and_what_it_held(
    contract, row, reason
):
    record = one(contract, row)
    assert (record.kind, record.line, record.reason) == ("rejected", 2, reason)


def test_a_rejected_row_keeps_every_cell_as_it_was_written(contract):
    rows, _ = parse(
        contract, f"{HEADER},Note\n a ,1,0,x,1,Web,hot,No,call back\n"
    )
    assert json.loads(rows[0].raw) == dict(
        zip(
            [*HEADER.split(","), "Note"],
            [" a ", "1", "0", "x", "1", "Web", "hot", "No", "call back"],
            strict=True,
        )
    )


def test_a_level_nobody_knows_is_loaded(contract):
    assert (
        one(contract, "a,1,0,3,1,Carrier pigeon,hot,No").values[5]
        == "Carrier pigeon"
    )


def test_an_unclosed_quote_costs_one_row_and_not_the_rest(contract):
    rows, _ = parse(
        contract, f'{HEADER}\na,1,0,3,1,"Web,hot,No\n{GOOD}\n{GOOD}\n'
    )
    assert [(row.kind, row.line) for row in rows] == [
        ("rejected", 2),
        ("row", 3),
        ("row", 4),
    ]
    assert json.loads(rows[0].raw) == {"line": 'a,1,0,3,1,"Web,hot,No'}
    assert rows[0].reason == "row: a quote is not closed"


def test_a_quote_that_closes_some_rows_later_costs_no_row_between(contract):
    rows, _ = parse(
        contract,
        f'{HEADER}\na,1,0,3,1,"Web,hot,No\n{GOOD}\nb,2,1,0",0,Mail,cold,Yes\n',
    )
    assert [(row.kind, row.line) for row in rows] == [
        ("rejected", 2),
        ("row", 3),
        ("rejected", 4),
    ]
    assert rows[0].rule == "row: a quote is not closed"


def test_a_quoted_cell_may_hold_line_breaks_and_later_lines_keep_their_numbers(
    contract,
):
    rows, _ = parse(
        contract, f'{HEADER}\na,1,0,3,1,"Web\r\nsite",hot,No\r\n{GOOD}\n'
    )
    assert rows[0].values[5] == "Web\r\nsite"
    assert [row.line for row in rows] == [2, 4]


def test_blank_lines_are_no_rows(contract):
    rows, summary = parse(contract, f"\n{HEADER}\n\n{GOOD}\n   \n\n")
    assert [row.line for row in rows] == [4]
    assert summary["rows"] == 1


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_line_end_is_understood(contract, end):
    rows, _ = parse(contract, f"{HEADER}{end}{GOOD}{end}{GOOD}")
    assert [row.line for row in rows] == [2, 3]


@pytest.mark.parametrize(
    "encode",
    [
        lambda text: codecs.BOM_UTF8 + text.encode(),
        lambda text: text.encode("utf-16"),
        lambda text: codecs.BOM_UTF16_BE + text.encode("utf-16-be"),
    ],
    ids=["utf-8 with a byte order mark", "utf-16", "utf-16 big-endian"],
)
def test_a_byte_order_mark_says_how_a_file_is_read(contract, encode):
    rows, summary = parse(
        contract, encode(f"{HEADER}\na,1,0,3,1,Zürich,hot,No\n")
    )
    assert rows[0].values[5] == "Zürich"
    assert summary["problem"] is None


def test_utf16_without_a_byte_order_mark_goes_to_quarantine_line_by_line(
    contract,
):
    rows, summary = parse(
        contract, f"{HEADER}\n{GOOD}\n{GOOD}\n".encode("utf-16-le")
    )
    assert [row.kind for row in rows] == ["rejected", "rejected"]
    problem = "header cannot be read: not readable as UTF-8 text"
    assert summary["problem"].startswith(
        f"{problem}; line 1 was read as header: 'L"
    )


def test_a_line_of_broken_utf8_goes_to_quarantine_alone_with_its_bytes(
    contract,
):
    rows, _ = parse(
        contract,
        f"{HEADER}\n{GOOD}\n".encode()
        + b"b,1,0,3,1,Z\xfcrich,hot,No\n"
        + GOOD.encode(),
    )
    assert [row.kind for row in rows] == ["row", "rejected", "row"]
    assert rows[1].reason == "row: not readable as UTF-8 text"
    assert json.loads(rows[1].raw) == {"line": r"b,1,0,3,1,Z\xfcrich,hot,No"}


def test_columns_are_found_by_name_in_any_order(contract):
    rows, summary = parse(
        contract,
        "No calls, Heat ,Channel,Pages,Visits,Won,Nr,Lead Id\nNo,hot,Web,1.5,3,0,1,a\n",
    )
    assert rows[0].values == ("a", 1, 0, 3, 1.5, "Web", "hot", "No")
    assert (summary["missing"], summary["extra"]) == ([], [])


def test_a_renamed_column_is_one_missing_and_one_extra(contract):
    rows, summary = parse(
        contract, f"{HEADER.replace('Visits', 'Visit count')}\n{GOOD}\n"
    )
    assert (summary["missing"], summary["extra"]) == (
        ["Visits"],
        ["Visit count"],
    )
    assert rows[0].rule == "missing column: Visits"
    assert (
        rows[0].reason
        == summary["problem"]
        == "missing column: Visits; line 1 was read as header: "
        f"{HEADER.replace('Visits', 'Visit count')!r}, with 7 of 8 columns"
    )
    assert json.loads(rows[0].raw) == {"cells": GOOD.split(",")}


def test_a_trailing_comma_on_every_line_is_a_nameless_extra_column(contract):
    rows, summary = parse(contract, f"{HEADER},\n{GOOD},\n")
    assert rows[0].kind == "row"
    assert summary["extra"] == ["(column 9 has no name)"]


def test_a_column_that_stands_twice_is_a_problem_of_the_file(contract):
    rows, summary = parse(contract, f"{HEADER},Nr\n{GOOD},2\n")
    assert (
        rows[0].reason
        == summary["problem"]
        == "column stands twice in the header: Nr"
    )


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "empty file"),
        ("\n \n", "empty file"),
        (codecs.BOM_UTF8, "empty file"),
        (HEADER, "header without rows"),
    ],
)
def test_a_file_without_rows_says_why(contract, content, problem):
    rows, summary = parse(contract, content)
    assert (rows, summary["problem"]) == ([], problem)


cells = st.text(
    st.characters(exclude_characters="\n\r", exclude_categories=["Cs"]),
    max_size=8,
)
broken = st.binary(min_size=1, max_size=30).map(
    lambda data: data.replace(b"\n", b"").replace(b"\r", b"") or b"x"
)
good = st.tuples(cells, cells).map(
    lambda pair: f"k{pair[0].replace(',', '')},1,0,3,1,W,hot,{pair[1]}".encode()
)


@given(lines=st.lists(broken | good))
def test_every_line_that_is_not_blank_comes_out_once_whatever_it_holds(
    contract, lines
):
    unquoted = [line.replace(b'"', b"'") for line in lines]
    *records, summary = parse_file(
        contract, b"\n".join([HEADER.encode(), *unquoted])
    )
    numbers = {"blank row": [], "record": []}
    for number, line in enumerate(unquoted, start=2):
        text = line.decode("utf-8", errors="backslashreplace")
        if not clean_text(text.replace("\0", "")):
            continue
        cells_seen = [clean_text(cell) for cell in text.split(",")]
        kind = "record" if any(cells_seen) else "blank row"
        numbers[kind].append(number)
    assert [record.line for record in records] == numbers["record"]
    assert json.loads(summary.raw)["blank_rows"] == len(numbers["blank row"])


@given(content=st.binary())
def test_no_content_makes_the_parser_fail(contract, content):
    for start in (b"", HEADER.encode() + b"\n"):
        *records, summary = parse_file(contract, start + content)
        counts = json.loads(summary.raw)
        assert counts["rows"] == len(records) + counts["blank_rows"]


@pytest.mark.parametrize(
    "text",
    ["{", "[]", '{"columns": []}', '{"columns": [{"name": "x"}]}', "null"],
)
def test_an_unreadable_contract_ends_the_job(text):
    with pytest.raises(JobFailedError, match="contract is not readable"):
        parse_contract(text)
