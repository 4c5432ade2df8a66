import pytest

from include.api.bodies.json_body import parse_json, parse_json_lines
from include.api.errors import BodyTooLargeError, UnreadableBodyError


def test_one_json_object_is_one_lead(names):
    assert parse_json(b'{"visits": 3}', names, 9, 9).leads == [{"visits": 3}]


def test_a_json_list_is_a_lead_each(names):
    sent = parse_json(b'[{"visits": 3}, {}]', names, 9, 9)
    assert sent.leads == [{"visits": 3}, {}]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"{", id="broken"),
        pytest.param(b"3", id="a number"),
        pytest.param(b"[]", id="no lead"),
        pytest.param(b"[3]", id="a number in the list"),
        pytest.param(b"[[3]]", id="a list in the list"),
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
def test_a_body_that_is_not_leads_in_json_is_unreadable(names, body):
    with pytest.raises(UnreadableBodyError):
        parse_json(body, names, 9, 9)


@pytest.mark.parametrize("body", [b"[]", b"3", b"[[1, 2]]", b'["a"]'])
def test_what_is_no_lead_is_told_how_leads_are_sent(names, body):
    with pytest.raises(
        UnreadableBodyError, match=r"instances.*dataframe_split"
    ):
        parse_json(body, names, 9, 9)


@pytest.mark.parametrize("marks", ["\ufeff", "\ufeff\ufeff"])
def test_byte_order_marks_before_json_are_skipped(names, marks):
    body = f'{marks}{{"visits": 3}}'.encode()
    assert parse_json(body, names, 9, 9).leads == [{"visits": 3}]


def test_each_json_line_is_a_lead(names):
    sent = parse_json_lines(b'{"visits": 3}\n\n{}\r\n', names, 9, 9)
    assert sent.leads == [{"visits": 3}, {}]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\n",
        b"[{}, {}]\n",
        b"{}\n3\n",
        b"{\n}\n",
        b'{"instances": [{"visits": 3}]}\n',
    ],
)
def test_a_body_that_is_not_one_object_a_line_is_unreadable(names, body):
    with pytest.raises(UnreadableBodyError):
        parse_json_lines(body, names, 9, 9)


def test_a_refused_line_is_named_by_its_number(names):
    with pytest.raises(UnreadableBodyError, match="line 3 is a number"):
        parse_json_lines(b"{}\n\n3\n", names, 9, 9)


@pytest.mark.parametrize("parse", [parse_json, parse_json_lines])
def test_a_lead_that_is_too_wide_is_refused_before_its_names_are_looked_at(
    names, parse
):
    with pytest.raises(BodyTooLargeError, match="2 columns"):
        parse(b'{"visits": 3, "region": 1}', names, 1, 9)
