from io import StringIO

import pytest

from include.api.bodies import (
    check_size,
    csv_rows,
    parse_csv,
    parse_json,
    parse_json_lines,
)
from include.api.errors import BodyTooLargeError, UnreadableBodyError


def test_one_json_object_is_one_lead():
    assert parse_json(b'{"visits": 3}') == [{"visits": 3}]


def test_a_json_list_is_a_lead_each():
    assert parse_json(b'[{"visits": 3}, {}]') == [{"visits": 3}, {}]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"{", id="broken"),
        pytest.param(b"3", id="a number"),
        pytest.param(b"[]", id="no lead"),
        pytest.param(b"[3]", id="a number in the list"),
        pytest.param(b'[{"visits": 1}, null]', id="null in the list"),
        pytest.param(b'{"visits": NaN}', id="NaN"),
        pytest.param(b'{"visits": -Infinity}', id="Infinity"),
        pytest.param(b"\xff", id="not UTF-8"),
        pytest.param('{"visits": 1}'.encode("utf-16"), id="UTF-16"),
        pytest.param('{"visits": 1}'.encode("utf-32-le"), id="UTF-32"),
        pytest.param(b'{"visits": 1, "visits": 2}', id="a name twice"),
        pytest.param(
            b'[{}, {"visits": {"a": 1, "a": 1}}]', id="a name twice far inside"
        ),
        pytest.param(
            b'{"visits": ' + b"9" * 5000 + b"}", id="an integer of 5,000 digits"
        ),
        pytest.param(b"[" * 100_000, id="nested too deep"),
    ],
)
def test_a_body_that_is_not_leads_in_json_is_unreadable(body):
    with pytest.raises(UnreadableBodyError):
        parse_json(body)


def test_a_byte_order_mark_before_json_is_skipped():
    assert parse_json('\ufeff{"visits": 3}'.encode()) == [{"visits": 3}]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_of_csv_end_as_unix_windows_or_an_old_mac_ends_them(end):
    assert parse_csv(f"visits,region{end}3,north{end}".encode()) == [
        {"visits": "3", "region": "north"}
    ]


def test_csv_lines_are_leads_with_the_header_as_names():
    assert parse_csv('\ufeffVisits,Region\r\n3,"north, far"\r\n'.encode()) == [
        {"Visits": "3", "Region": "north, far"}
    ]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\n\n", id="blank lines"),
        pytest.param(b"visits\n", id="header only"),
        pytest.param(b"visits,visits\n1,2\n", id="a column twice"),
        pytest.param(b"visits,region\n1\n", id="too few cells"),
        pytest.param(b"visits\n1,2\n", id="too many cells"),
        pytest.param(b"visits;region\n1;north\n", id="semicolons"),
        pytest.param(b"visits\tregion\n1\tnorth\n", id="tabs"),
        pytest.param(b"visits\n\xff\n", id="broken UTF-8"),
        pytest.param("visits\n1\n".encode("utf-16"), id="UTF-16"),
        pytest.param(
            b"visits\n" + b"9" * 200_000 + b"\n", id="an endless cell"
        ),
        pytest.param(b'visits\n"1\n', id="an open quote"),
    ],
)
def test_a_body_that_is_not_leads_in_csv_is_unreadable(body):
    with pytest.raises(UnreadableBodyError):
        parse_csv(body)


def test_each_json_line_is_a_lead():
    assert parse_json_lines(b'{"visits": 3}\n\n{}\r\n') == [{"visits": 3}, {}]


@pytest.mark.parametrize(
    "body", [b"", b"\n", b"[{}, {}]\n", b"{}\n3\n", b"{\n}\n"]
)
def test_a_body_that_is_not_one_object_a_line_is_unreadable(body):
    with pytest.raises(UnreadableBodyError):
        parse_json_lines(body)


def test_rows_before_a_bad_one_are_read():
    rows = csv_rows(StringIO("a,b\n1,2\n3\n"))
    assert [next(rows), next(rows)] == [["a", "b"], ["1", "2"]]
    with pytest.raises(UnreadableBodyError, match="row 2"):
        next(rows)


@pytest.mark.parametrize(
    ("leads", "limit"),
    [([{}] * 4, "4 leads"), ([{}, dict.fromkeys("abc")], "3 columns")],
    ids=["leads", "columns"],
)
def test_more_than_one_request_may_bring_is_refused_with_the_limit(
    leads, limit
):
    with pytest.raises(
        BodyTooLargeError, match=f"{limit}.*may (bring 3|have 2)"
    ):
        check_size(leads, max_leads=3, max_columns=2)


def test_what_is_within_the_limits_passes():
    check_size(
        [{"a": 1, "b": 2}] * 3, max_leads=3, max_columns=2
    )  # does not raise
