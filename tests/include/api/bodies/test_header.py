import pytest

from include.api.bodies.header import check_header
from include.api.errors import HeaderRefusedError, UnreadableBodyError
from include.scoring.leads.names import LeadNames


@pytest.fixture
def names(contract_with_levels) -> LeadNames:
    """Names of a contract whose category `channel` has named levels."""
    return LeadNames(contract_with_levels)


@pytest.mark.parametrize(
    "line",
    [
        "account",
        "Visits,Region",
        "VISITS, re_gion,shoe size",
        "account,shoe size",
        "\ufeffvisits,\u00a0region,\u200bfit",
        "visits,region,,",
        "Owner,Street,Postcode,visits,Note,Region",
    ],
)
def test_a_line_of_headings_passes(names, line):
    check_header(line.split(","), names)  # does not raise


@pytest.mark.parametrize(
    "line",
    [
        "a-1,web,3,42.5",
        "shoe size",
        "3",
        "a-1,visits,web",
        "a-1,Fit,somewhere,nobody",
        "a-1,fit,region,3,42.5",
        "visits,3",
        "a-1,fit,,,",
        "fit,opinion,low,high",
        "fit,region,a@example.org,2026-01-31",
        "fit,region,Yes,n/a,No",
    ],
)
def test_a_lead_is_not_taken_for_a_header(names, line):
    with pytest.raises(HeaderRefusedError, match="first line"):
        check_header(line.split(","), names)


def test_the_refusal_says_what_was_found_and_what_was_meant(names):
    with pytest.raises(HeaderRefusedError) as error:
        check_header(["Acount", "vistis", "web"], names)
    for words in ("0 of its 3 cells", '"web"', "account, visits?"):
        assert words in str(error.value)


def test_semicolons_in_a_line_of_several_cells_are_named(names):
    with pytest.raises(HeaderRefusedError, match="not semicolons"):
        check_header(["visits;region", "nearest;fit"], names)


def test_two_headings_of_one_column_are_both_named(names):
    with pytest.raises(HeaderRefusedError, match='"Visits" and as "VI_SITS"'):
        check_header(["Visits", "region", "VI_SITS"], names)


@pytest.mark.parametrize(
    "header", [[], ["visits", "visits"], ["visits;region"], ["visits\tfit"]]
)
def test_what_is_no_header_line_of_a_csv_is_unreadable(names, header):
    with pytest.raises(UnreadableBodyError):
        check_header(header, names)
