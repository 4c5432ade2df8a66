"""Text as people and spreadsheets write it, and the columns that headings mean."""

import pytest

from include.contract.text import Headings, clean_text

COLUMNS = [("Lead Number", "lead_number"), ("Total Visits", "visits")]


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        (" Google ", "Google"),
        ("Google\u200b", "Google"),
        ("\u200bGo\u200bogle", "Google"),
        ("\ufeff\ufeffGoogle", "Google"),
        ("Olark\u00a0Chat", "Olark Chat"),
        ("Olark\u2007Chat\u3000", "Olark Chat"),
        ("\u200e123\u202c", "123"),
        ("\u200b", ""),
        ("\u200d \u200c", ""),
        ("Mu\u0308nchen", "München"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("co\u00adoperation", "cooperation"),
        ("two\nlines", "two\nlines"),
    ],
)
def test_text_that_looks_the_same_is_the_same(text, cleaned):
    assert clean_text(text) == cleaned


def test_clean_text_stays_as_it_is():
    for text in ("Google", "München", "Σίσυφος", "👩\u200d💻"):
        assert clean_text(text) == text


@pytest.mark.parametrize(
    "heading",
    [
        "Lead Number",
        "lead_number",
        "LEAD NUMBER",
        "Lead\u00a0Number",
        " lead  number\t",
        "LeadNumber",
        "\ufeffLead Number",
        "Ｌｅａｄ Number",
    ],
)
def test_headings_that_a_reader_takes_for_a_column(heading):
    assert Headings(COLUMNS).find(heading) == "lead_number"


@pytest.mark.parametrize("heading", ["", " ", "_", "Lead", "Lead Numbers"])
def test_headings_that_mean_no_column(heading):
    assert Headings(COLUMNS).find(heading) is None


def test_columns_that_differ_by_case_only_are_found_by_their_exact_names():
    headings = Headings([("Id", "id"), ("ID", "other_id")])
    assert headings.find("Id") == "id"
    assert headings.find("ID") == "other_id"
    assert headings.find("iD") is None
