"""Files as spreadsheets and CRMs write them: what is read, what is refused and how it is named. Without Spark."""

import codecs
import gzip
import json
from collections import Counter

import pytest

from include.glue.errors import UnreadableFileError
from include.glue.records.csv_lines import RECORD_LINES, split_lines
from include.glue.records.csv_records import parse_file

HEADER = "Lead Id,Nr,Won,Visits,Pages,Channel,Heat,No calls"
A = "a,1,0,3,1.5,Web,hot,No"
B = "b,2,1,0,0,Mail,cold,Yes"
VALUES = ("a", 1, 0, 3, 1.5, "Web", "hot", "No")


def parse(contract, text):
    content = text if isinstance(text, bytes) else text.encode()
    *records, summary = parse_file(contract, content)
    return records, json.loads(summary.raw)


def kinds(records):
    return Counter(record.kind for record in records)


@pytest.mark.parametrize(
    "header",
    [
        HEADER.replace("Lead Id", "Lead\u00a0Id"),
        HEADER.replace("Lead Id", "\u200bLead Id\u200b"),
        HEADER.replace("Lead Id", "LEAD_ID"),
        HEADER.replace("Lead Id", "lead  id "),
        HEADER.replace("Visits", "\u202aVisits\u202c"),
        HEADER.replace(",", " , "),
        HEADER.replace("Lead Id", '\ufeff"Lead Id"'),
        HEADER.replace(",Nr", ', "Nr"'),
        HEADER.replace(",Nr", ',\u00a0"Nr" '),
        HEADER.replace(",Nr", ',\t"Nr"'),
        HEADER.replace("No calls", "No\ncalls").replace(
            "No\ncalls", '"No\ncalls"'
        ),
        "\ufeff\ufeff" + HEADER,
        "\ufeff\ufeff\ufeff" + HEADER,
        " \ufeff" + HEADER,
    ],
)
def test_a_heading_is_found_however_it_is_dressed(contract, header):
    records, summary = parse(contract, f"{header}\n{A}\n")
    assert (summary["problem"], summary["missing"]) == (None, [])
    assert [record.values for record in records] == [VALUES]


@pytest.mark.parametrize(
    "encode",
    [
        lambda text: codecs.BOM_UTF8 * 3 + text.encode(),
        lambda text: ("\ufeff" + text).encode("utf-16"),
        lambda text: codecs.BOM_UTF16_BE * 2 + text.encode("utf-16-be"),
        lambda text: gzip.compress(codecs.BOM_UTF8 + text.encode()),
        lambda text: gzip.compress(text.encode("utf-16")),
        lambda text: (
            gzip.compress(text[:20].encode())
            + gzip.compress(text[20:].encode())
        ),
    ],
)
def test_marks_and_packing_are_taken_off(contract, encode):
    records, summary = parse(contract, encode(f"{HEADER}\n{A}\n"))
    assert summary["problem"] is None
    assert records[0].values == VALUES


@pytest.mark.parametrize(
    ("second", "problem"),
    [
        ("NR", "the headings 'Nr' and 'NR' mean one column, Nr"),
        ("N\u200br", "column stands twice in the header: Nr"),
        ("n r", "the headings 'Nr' and 'n r' mean one column, Nr"),
        ("Nr", "column stands twice in the header: Nr"),
    ],
)
def test_two_headings_of_one_column_are_refused_by_name(
    contract, second, problem
):
    records, summary = parse(contract, f"{HEADER},{second}\n{A},2\n")
    assert kinds(records) == {"rejected": 1}
    assert records[0].reason == summary["problem"]
    assert summary["problem"].lower() == problem.lower()


@pytest.mark.parametrize(
    "cell",
    [
        ' "Web"',
        '  "Web"  ',
        '\t"Web"',
        '\u00a0"Web"\u00a0',
        '\u200b"Web"',
        '"Web" ',
        " Web ",
        "\u200bWeb\ufeff",
        '" Web\u00a0"',
    ],
)
def test_space_around_a_quoted_cell_is_no_text(contract, cell):
    records, _ = parse(contract, f"{HEADER}\na,1,0,3,1.5,{cell},hot,No\n{B}\n")
    assert [record.kind for record in records] == ["row", "row"]
    assert records[0].values == VALUES


def test_a_quoted_cell_with_separators_keeps_them_after_a_space(contract):
    records, _ = parse(
        contract, f'{HEADER}\na,1,0,3,1.5, "x, ""y"", z",hot,No\n'
    )
    assert records[0].values[5] == 'x, "y", z'


@pytest.mark.parametrize(
    "above",
    [
        "sep=,",
        "SEP=,",
        '"sep=,"',
        "\ufeffsep=,",
        "sep=,,,,,,,,",
        "Lead report",
        '"Lead report, all regions"',
        "Lead report,,,,,,,",
        "Report of:,2026-01-31,,,,,,",
        ",,,,,,,",
        "\n\n",
        "Lead report\n\n,,,,,,,\nfor Mira",
    ],
)
def test_what_stands_above_the_header_is_skipped_and_named(contract, above):
    records, summary = parse(contract, f"{above}\n{HEADER}\n{A}\n{B}\n")
    assert kinds(records) == {"row": 2}
    assert (summary["problem"], summary["rows"]) == (None, 2)
    lines = above.split("\n")
    assert summary["skipped_lines"] == len(lines)
    assert [number for number, _ in summary["skipped"]] == list(
        range(1, len(lines) + 1)
    )
    assert summary["skipped"][0][1] == lines[0].lstrip("\ufeff")


def test_a_lead_above_the_header_is_not_skipped(contract):
    records, summary = parse(contract, f"Leads\n{B}\n{HEADER}\n{A}\n")
    assert [(record.kind, record.line) for record in records] == [
        ("rejected", 2),
        ("row", 4),
    ]
    assert records[0].rule == "row: it stands above the header"
    assert json.loads(records[0].raw) == {"line": B}
    assert summary["skipped"] == [[1, "Leads"]]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            f"sep=;\n{HEADER}\n{A}\n".replace(",", ";"),
            "line 2 was read as header: 'Lead Id;Nr;",
        ),
        (
            f"{HEADER}\n{A}\n".replace(",", ";"),
            "its cells are separated by ';', expected ','",
        ),
        (
            f"{HEADER}\n{A}\n".replace(",", "\t"),
            "its cells are separated by a tab, expected ','",
        ),
        (f"{A}\n{B}\n", "line 1 was read as header: 'a,1,0,3"),
        (
            f"Report\n{HEADER.replace('Visits', 'Hits')}\n{A}\n",
            "line 2 was read as header: 'Lead Id,Nr,Won,Hits,",
        ),
        (
            f"Report\n{HEADER.replace('Visits', 'Hits')}\n{A}\n",
            "with 7 of 8 columns",
        ),
    ],
)
def test_a_file_without_its_header_shows_what_was_read_as_one(
    contract, text, shown
):
    records, summary = parse(contract, text)
    assert not [record for record in records if record.kind == "row"]
    assert summary["problem"].startswith("missing column: ")
    assert shown in summary["problem"]
    assert records[0].reason == summary["problem"]


@pytest.mark.parametrize(
    "ghost",
    [
        ",,,,,,,",
        ",",
        ",,,",
        '"","","","","","","",""',
        '""',
        " , , ,\t,\u00a0,\u200b,,",
        '\ufeff,,,,,,," "',
        '" ", ""',
    ],
)
def test_rows_of_nothing_are_counted_and_are_neither_leads_nor_errors(
    contract, ghost
):
    records, summary = parse(
        contract,
        f"{HEADER}\n{A}\n" + f"{ghost}\n" * 40 + f"{B}\n\n  \n\u200b\n",
    )
    assert kinds(records) == {"row": 2}
    assert (summary["rows"], summary["blank_rows"]) == (42, 40)


def note(lines):
    return "\n".join(f"line {number}, of a thread" for number in range(lines))


def test_a_note_of_many_lines_is_one_lead(contract):
    records, summary = parse(
        contract,
        f'{HEADER},Note\n{A},"{note(RECORD_LINES)}"\n{B},short\n',
    )
    assert [(record.kind, record.line) for record in records] == [
        ("row", 2),
        ("row", 2 + RECORD_LINES),
    ]
    assert summary["rows"] == 2


def test_a_note_over_the_limit_is_one_rejected_record_that_names_it(contract):
    leads = "\n".join([f"{B},x"] * (RECORD_LINES + 1))
    records, summary = parse(
        contract, f'{HEADER},Note\n{A},"{leads}"\n{B},short\n'
    )
    assert [record.kind for record in records] == ["rejected", "row"]
    assert (
        records[0].reason
        == "row: longer than 1,000 lines or 1,000,000 characters, 1001 lines"
    )
    assert json.loads(records[0].raw)["line"] == f'{A},"{leads}"'
    assert summary["rows"] == 2


def test_a_cell_of_200_kb_is_no_obstacle(contract):
    records, _ = parse(contract, f"{HEADER},Note\n{A},{'x' * 200_000}\n{B},y\n")
    assert kinds(records) == {"row": 2}


MANY_LEADS = "\n".join([B] * 50)
"""Text of a cell: every line of it is a lead."""


@pytest.mark.parametrize(
    "row",
    [
        f'{A},"{MANY_LEADS}",too,many',
        f'a,1,0,3,"{MANY_LEADS}"',
        f'a,1,0,many,1,Web,hot,No,"{MANY_LEADS}"',
        f',1,0,3,1,Web,hot,No,"{MANY_LEADS}"',
        f'a,1,0,3,1,"Web"b,hot,No,"{MANY_LEADS}"',
        f'a,1,0,3,1,"{MANY_LEADS}",hot,No,x',
        f'{A},"\n{MANY_LEADS}\n",too many',
    ],
)
def test_the_lines_of_a_rejected_record_are_no_leads(contract, row):
    records, _ = parse(contract, f"{HEADER},Note\n{row}\n{A},last\n")
    assert [(record.kind, record.line) for record in records] == [
        ("rejected", 2),
        ("row", 2 + row.count("\n") + 1),
    ]
    raw = json.loads(records[0].raw)
    assert B in " ".join(raw.values()), "every line is kept"


@pytest.mark.parametrize(
    "lines_below", [[A] * 3, [A] * 2_000, [A, '"b",2,1,0,0,"Mail","cold",Yes']]
)
@pytest.mark.parametrize(
    "broken", ['x,1,0,3,1,"Web,hot,No', '"x,1,0,3,1,Web,hot,No', 'x,"']
)
def test_an_unclosed_quote_does_not_swallow_the_rest(
    contract, broken, lines_below
):
    text = "\n".join([HEADER, B, broken, *lines_below, ""])
    records, summary = parse(contract, text)
    assert kinds(records) == {"rejected": 1, "row": 1 + len(lines_below)}
    assert summary["rows"] == 2 + len(lines_below)
    (rejected,) = [record for record in records if record.kind == "rejected"]
    assert (rejected.line, rejected.reason) == (3, "row: a quote is not closed")
    assert json.loads(rejected.raw) == {"line": broken}


def test_lines_behind_an_unclosed_quote_that_are_no_rows_belong_to_it(contract):
    broken = 'x,1,0,3,1,"Web\nhe said: call me\nor write'
    records, _ = parse(contract, f"{HEADER}\n{broken}\n{A}\n")
    assert [(record.kind, record.line) for record in records] == [
        ("rejected", 2),
        ("row", 5),
    ]
    assert json.loads(records[0].raw) == {"line": broken}


def test_two_rows_with_unclosed_quotes_are_two_records(contract):
    broken = 'x,1,0,3,1,"Web,hot,No'
    records, _ = parse(contract, f"{HEADER}\n{broken}\n{broken}\n{A}\n")
    assert [(record.kind, record.line) for record in records] == [
        ("rejected", 2),
        ("rejected", 3),
        ("row", 4),
    ]


def test_a_quote_closed_thousands_of_rows_below_swallows_no_row(contract):
    rows = "\n".join([A] * (2 * RECORD_LINES))
    records, _ = parse(
        contract,
        f'{HEADER}\nx,"1,0,3,1,Web,hot,No,y,z\n{rows}\n5",w,1,2\n{B}\n',
    )
    assert kinds(records)["row"] == 2 * RECORD_LINES + 1


def test_a_quote_inside_a_cell_is_text(contract):
    records, _ = parse(contract, f'{HEADER}\na,1,0,3,1.5,7" pipe,hot,No\n{B}\n')
    assert records[0].values[5] == '7" pipe'
    assert kinds(records) == {"row": 2}


def test_a_rejected_record_keeps_nameless_and_repeated_columns(contract):
    records, summary = parse(
        contract, f"{HEADER},,,Note,Note\na,1,0,x,1,Web,hot,No,p,q,r,s\n"
    )
    raw = json.loads(records[0].raw)
    assert ",".join(raw.values()) == "a,1,0,x,1,Web,hot,No,p,q,r,s"
    assert (raw["Note"], raw["Note (column 12)"]) == ("r", "s")
    assert summary["extra"] == [
        "(column 9 has no name)",
        "(column 10 has no name)",
        "Note",
        "Note",
    ]


FOOTER = [
    "Total,3",
    '"Lead report"',
    '"Copyright (c) Example CRM, inc. All rights reserved."',
    ",,,,,,,",
    "Confidential,,,,,,,",
]


def test_a_footer_is_named_as_one_and_the_leads_above_it_load(contract):
    records, summary = parse(
        contract, "\n".join([HEADER, A, B, "", *FOOTER, ""])
    )
    assert kinds(records) == {"row": 2, "rejected": 4}
    assert summary["blank_rows"] == 1
    assert {record.rule for record in records if record.kind != "row"} == {
        "row: a footer below the table"
    }
    assert records[2].reason.endswith("row: too few fields (2 instead of 8)")


def test_short_lines_between_leads_are_no_footer(contract):
    records, _ = parse(contract, "\n".join([HEADER, A, "Total,3", B]))
    assert records[1].rule == "row: too few fields"


def test_rows_in_one_cell_each_are_no_footer(contract):
    records, _ = parse(contract, "\n".join([HEADER, A, f'"{B}"', f'"{B}"']))
    assert [record.rule for record in records[1:]] == [
        "row: too few fields"
    ] * 2


def test_a_great_many_short_lines_are_no_footer(contract):
    records, _ = parse(contract, "\n".join([HEADER, A, *["x,1"] * 21]))
    assert Counter(record.rule for record in records) == {
        None: 1,
        "row: too few fields": 21,
    }


@pytest.mark.parametrize(
    "key",
    [
        "1.23457E+11",
        "1,23457E+11",
        "1.2E11",
        "1.23457e+11",
        "1E+11",
        "-1.5E+10",
        "1.23457E-05",
        " 1.23457E+11\u200b",
        "'1.23457E+11",
        "\uff11.\uff12\uff13E+11",
        "123.457E+9",
        "1.23457E+011",
        "1.23457 E +11",
        "1.23457E+11.0",
        "1.23457×10^11",
        '=""1.23E+11""',
    ],
)
def test_a_key_in_scientific_notation_is_refused(contract, key):
    records, _ = parse(contract, f'{HEADER}\n"{key}",1,0,x,1.5,Web,hot,No\n')
    assert records[0].kind == "rejected"
    assert (
        records[0].rule
        == "Lead Id: the key is in scientific notation, its last digits are lost"
    )


@pytest.mark.parametrize(
    "key", ["#REF!", "#name?", "#######", '=""00123""', "=A1&B2", "'00123"]
)
def test_what_a_spreadsheet_shows_in_place_of_a_key_is_refused(contract, key):
    records, _ = parse(contract, f'{HEADER}\n"{key}",1,0,3,1.5,Web,hot,No\n')
    assert (
        records[0].rule
        == "Lead Id: the key is an error or a formula of a spreadsheet"
    )


@pytest.mark.parametrize(
    "key", ["12E3", "1E11", "4e5f", "00123", "E+11", "12E", "1.5", "a1.2E+3"]
)
def test_other_keys_are_taken_as_they_are(contract, key):
    records, _ = parse(contract, f"{HEADER}\n{key},1,0,3,1.5,Web,hot,No\n")
    assert records[0].values[0] == key


def test_a_row_of_nothing_but_a_key_is_no_lead(contract):
    records, _ = parse(contract, f"{HEADER}\nExample Ltd,,Select,,,,,\n{A}\n")
    assert (
        records[0].reason
        == "row: nothing but its key is filled ('Example Ltd')"
    )


@pytest.mark.parametrize(
    "key", ["Total", "Grand Total", "Subtotal:", "Total: 37", "TOTALS (1,234)"]
)
def test_a_row_that_sums_up_others_is_no_lead(contract, key):
    records, _ = parse(
        contract, f'{HEADER}\n"{key}",1,,37,1.5,,,\n{A}\nTotal SA,1,,,,,,\n'
    )
    assert [record.rule for record in records] == [
        "Lead Id: the key is the label of a total",
        None,
        None,
    ]


def test_cells_that_mean_missing_are_counted_by_token(contract):
    _, summary = parse(
        contract,
        f"{HEADER}\na,1,0,Select,,Select,hot,No\nb,1,0,2,,Select ,hot,No\n"
        "c,1,0,x,,Select,hot,No\n",
    )
    assert summary["null_tokens"] == {
        "visits": {"Select": 1},
        "channel": {"Select": 2},
    }, "of rows that are typed; empty cells are not counted"


def packed(content):
    """Same bytes at every call: the ids of tests must agree between workers."""
    return gzip.compress(content, mtime=0)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (packed(f"{HEADER}\n{A}\n".encode())[:-9], "gzip is damaged"),
        (packed(b"x" * 999)[:20] + b"damaged" * 9, "gzip is damaged"),
        (b"\x1f\x8b", "gzip is damaged"),
        (packed(A.encode()) + b"more", "gzip is damaged"),
        (b"PK\x03\x04\x14\x00", "a zip archive or an Excel workbook"),
        (b"PAR1\x15\x04", "a Parquet file"),
        (packed(b"PK\x03\x04"), "a zip archive"),
        (b"BZh91AY&SY", "a bzip2 archive"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel workbook"),
    ],
)
def test_a_file_that_is_no_csv_is_named(contract, content, problem):
    records, summary = parse(contract, content)
    assert (records, summary["rows"], summary["unreadable"]) == ([], 0, True)
    assert summary["problem"].startswith(problem)
    with pytest.raises(UnreadableFileError, match=problem):
        split_lines(content)


@pytest.mark.parametrize(
    "text",
    [
        f"{HEADER}\r\n{A}\n{B}\n",
        f"{HEADER}\n{A}\r{B}\r\n",
        f"{HEADER}\r\r\n{A}\r\r\n{B}",
    ],
)
def test_line_ends_may_differ_within_a_file(contract, text):
    records, _ = parse(contract, text)
    assert kinds(records) == {"row": 2}


@pytest.mark.parametrize("number", ["1e300", "1e-400", "-1e39", "1e16"])
def test_a_number_that_can_be_no_amount_is_refused(contract, number):
    records, _ = parse(contract, f"{HEADER}\na,1,0,3,{number},Web,hot,No\n")
    assert records[0].rule.startswith("Pages: ")
