from io import BytesIO, StringIO

import pytest

from include.api.bodies.csv_body import CsvTable, open_csv, parse_csv
from include.api.bodies.json_body import parse_json_lines
from include.api.errors import (
    BodyTooLargeError,
    HeaderRefusedError,
    UnreadableBodyError,
)
from include.scoring.leads.names import LeadNames

LEAD = {"visits": "3", "region": "north"}


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_of_csv_end_as_unix_windows_or_an_old_mac_ends_them(names, end):
    body = f"visits,region{end}3,north{end}".encode()
    assert parse_csv(body, names, 9, 9).leads == [LEAD]


def test_csv_lines_are_leads_with_the_header_as_names(names):
    body = '\ufeffVisits,Region\r\n3,"north, far"\r\n'.encode()
    assert parse_csv(body, names, 9, 9).leads == [
        {"Visits": "3", "Region": "north, far"}
    ]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\n\n", id="blank lines"),
        pytest.param(b",,\n,,\n", id="blank rows"),
        pytest.param(b"visits\n", id="header only"),
        pytest.param(b"visits,region\n,\n", id="header and a blank row"),
        pytest.param(b"visits,visits\n1,2\n", id="a column twice"),
        pytest.param(b"visits,region\n1\n", id="too few cells"),
        pytest.param(b"visits\n1,2\n", id="too many cells"),
        pytest.param(b"visits;region\n1;north\n", id="semicolons"),
        pytest.param(b"visits\tregion\n1\tnorth\n", id="tabs"),
        pytest.param(b"visits|region\n1|north\n", id="bars"),
        pytest.param(b"sep=;\nvisits;region\n1;north\n", id="sep=;"),
        pytest.param(b"visits\n\xff\n", id="broken UTF-8"),
        pytest.param("visits\n1\n".encode("utf-16"), id="UTF-16"),
        pytest.param(
            b"visits\n" + b"9" * 200_000 + b"\n", id="an endless cell"
        ),
        pytest.param(b'visits\n"1\n', id="an open quote"),
        pytest.param(
            'visits,region\n3,\u00a0"north"\n'.encode(),
            id="a no-break space before a quote",
        ),
        pytest.param(
            b'visits,\t"region"\n3,north\n', id="a tab before a quote"
        ),
        pytest.param(
            '\u200b"visits",region\n3,north\n'.encode(),
            id="an invisible character before a quote",
        ),
    ],
)
def test_a_body_that_is_not_leads_in_csv_is_unreadable(names, body):
    with pytest.raises(UnreadableBodyError):
        parse_csv(body, names, 9, 9)


@pytest.mark.parametrize(
    "text",
    [
        "visits, region\n3, north\n",
        'visits, "region"\n3, "north"\n',
        "sep=,\nvisits,region\n3,north\n",
        "sep = ,\nvisits,region\n3,north\n",
        'SEP=,\r\n"visits",region\r\n3,north\r\n',
        "\ufeff\ufeffsep=,\nvisits,region\n3,north\n",
        '\ufeff\ufeff"visits","region"\n3,north\n',
        "\n,,\nvisits,region\n3,north\n",
    ],
)
def test_spaces_marks_and_excels_first_line_change_nothing(names, text):
    assert parse_csv(text.encode(), names, 9, 9).leads == [LEAD]


@pytest.mark.parametrize("row", [",", " , ", '"",""', ",,,,", "\u00a0,\u200b"])
def test_a_row_of_nothing_is_no_lead_but_is_counted(names, row):
    sent = parse_csv(f"visits,region\n{row}\n3,north\n".encode(), names, 9, 9)
    assert (sent.leads, sent.blank_rows) == ([LEAD], 1)


def test_blank_lines_are_no_rows(names):
    sent = parse_csv(b"visits,region\n\n3,north\n\n", names, 9, 9)
    assert (sent.leads, sent.blank_rows) == ([LEAD], 0)


def test_commas_tabs_and_quotes_inside_of_a_cell_are_its_text(names):
    body = b'visits,region\n3,"far, \t""north"",\t"\n4,"""south"""\n'
    first, second = parse_csv(body, names, 9, 9).leads
    assert first["region"] == 'far, \t"north",\t'
    assert second["region"] == '"south"'


def test_columns_without_a_heading_may_be_several(names):
    sent = parse_csv(b"visits,region,,\n3,north,,\n", names, 9, 9)
    assert sent.leads == [LEAD | {"": ""}]


def test_rows_before_a_bad_one_are_read(names):
    table = CsvTable(StringIO("visits,region\n1,2\n3\n"), names, 9)
    assert table.header == ["visits", "region"]
    rows = table.rows()
    assert next(rows) == ["1", "2"]
    with pytest.raises(UnreadableBodyError, match="row 2 .* line 3"):
        next(rows)


def test_a_header_that_is_too_wide_is_refused_before_it_is_looked_at(names):
    with pytest.raises(BodyTooLargeError, match="3 columns"):
        parse_csv(b"a,b,c\n1,2,3\n", names, 2, 9)


def test_a_csv_without_a_header_is_refused(names):
    with pytest.raises(HeaderRefusedError, match="no header line"):
        parse_csv(b"a-1,web,3\na-2,mail,4\n", names, 9, 9)


@pytest.mark.parametrize(
    ("parse", "lead"),
    [(parse_csv, b"3\n"), (parse_json_lines, b'{"visits": 3}\n')],
)
def test_no_more_leads_are_read_than_a_request_may_bring(names, parse, lead):
    head = b"visits\n" if parse is parse_csv else b""
    assert len(parse(head + 9 * lead, names, 9, 9).leads) == 9
    with pytest.raises(BodyTooLargeError, match="10 leads or more"):
        parse(head + 10 * lead + b'"', names, 9, 9)


def test_a_body_may_be_written_as_the_files_of_the_contract_are(contract):
    files = contract.files.model_copy(
        update={"delimiter": ";", "quote": "'", "encoding": "windows-1252"}
    )
    names = LeadNames(contract.model_copy(update={"files": files}))
    own = "sep=;\nvisits;region\n3;'nörd; far'\n".encode("windows-1252")
    usual = 'visits,region\n3,"nörd; far"\n'.encode()
    for body in (own, own.partition(b"\n")[2], usual):
        assert parse_csv(body, names, 9, 9).leads == [
            {"visits": "3", "region": "nörd; far"}
        ]
        text = open_csv(BytesIO(body), names)
        assert list(CsvTable(text, names, 9).rows()) == [["3", "nörd; far"]]
