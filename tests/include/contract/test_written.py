"""Numbers, dates and moments as people write them."""

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.contract.cells import CellError, cell_rule, read_cell
from include.contract.moments import read_date, read_timestamp
from include.contract.written import NumberStyle, plain_number

GERMAN = NumberStyle(decimal=",", thousands=".", symbols=("€", "%", "EUR"))
ENGLISH = NumberStyle(thousands=",", symbols=("$",))
NOTHING = frozenset({""})


@pytest.mark.parametrize(
    ("style", "text", "number"),
    [
        (GERMAN, "1.234,50 €", 1234.5),
        (GERMAN, "-€ 3", -3.0),
        (GERMAN, "12 %", 12.0),
        (GERMAN, "1.234.567", 1234567.0),
        (GERMAN, "1234,5", 1234.5),
        (GERMAN, ",5", 0.5),
        (ENGLISH, "$1,234.5", 1234.5),
        (ENGLISH, "1234", 1234.0),
        (NumberStyle(thousands=" "), "1 234", 1234.0),
        (NumberStyle(symbols=("%",)), "12.5%", 12.5),
    ],
)
def test_a_number_is_read_in_the_style_of_its_file(style, text, number):
    rule = _rule("number", style)
    assert read_cell(rule, text) == number


@pytest.mark.parametrize(
    ("style", "text"),
    [
        (GERMAN, "1.5"),
        (GERMAN, "1.23.456"),
        (GERMAN, "1,5,0"),
        (ENGLISH, "1,5"),
        (ENGLISH, "12 EUR"),
        (NumberStyle(decimal=","), "1.5"),
        (GERMAN, "€"),
    ],
)
def test_a_number_in_another_style_is_refused_and_never_another_number(
    style, text
):
    with pytest.raises(CellError):
        read_cell(_rule("number", style), text)


@given(st.integers(-(10**9), 10**9))
def test_whole_numbers_come_back_from_every_style(number):
    german = f"{number:,}".replace(",", ".")
    assert plain_number(GERMAN, german) == str(number)
    assert plain_number(ENGLISH, f"{number:,}") == str(number)


@pytest.mark.parametrize(
    ("text", "formats", "day"),
    [
        ("2026-01-31", (), date(2026, 1, 31)),
        ("20260131", (), date(2026, 1, 31)),
        ("31.01.2026", ("%d.%m.%Y",), date(2026, 1, 31)),
        ("01/31/26", ("%d.%m.%Y", "%m/%d/%y"), date(2026, 1, 31)),
        ("2026-01-31T23:30:00-08:00", (), date(2026, 1, 31)),
        ("1769817600", ("epoch",), date(2026, 1, 31)),
        ("2024-02-29", (), date(2024, 2, 29)),
    ],
)
def test_a_date_is_read_in_its_formats(text, formats, day):
    assert read_date(text, formats) == day


@pytest.mark.parametrize(
    ("text", "zone", "moment"),
    [
        ("2026-01-31T08:30Z", "UTC", datetime(2026, 1, 31, 8, 30)),
        ("2026-07-01 10:00", "Europe/Berlin", datetime(2026, 7, 1, 8, 0)),
        ("2026-01-31T08:30+02:00", "Europe/Berlin", datetime(2026, 1, 31, 6, 30)),
        ("2026-01-31", "UTC", datetime(2026, 1, 31)),
    ],
)  # fmt: skip
def test_a_moment_comes_back_in_utc(text, zone, moment):
    assert read_timestamp(text, (), zone) == moment


@pytest.mark.parametrize(
    "text",
    ["31.01.2026", "2026-02-30", "yesterday", "0001-01-01", "9999-12-31"],
)
@pytest.mark.parametrize("kind", ["date", "timestamp"])
def test_what_is_no_date_is_refused_with_an_example(kind, text):
    rule = cell_rule({"type": kind}, NOTHING)
    with pytest.raises(CellError, match="ISO 8601"):
        read_cell(rule, text)


def _rule(kind, style):
    files = {"decimal": style.decimal, "thousands": style.thousands}
    column = {"type": kind, "symbols": style.symbols}
    return cell_rule(column, NOTHING, files)
