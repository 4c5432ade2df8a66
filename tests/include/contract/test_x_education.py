"""The guide's contract against the guide, the profile of the real file, and the file itself where it is there."""

import csv
import os
import re
from pathlib import Path

import pandas as pd
import pytest

from include.contract import KnownAt
from include.contract.cells import CellError, cell_rules, read_cell

ROOT = Path(__file__).parents[3]
REAL_LEADS = Path(
    os.environ.get("LEADS_CSV", ROOT / "../shared/data/Leads.csv")
)
DICTIONARY = ROOT / "../shared/data/Leads_Data_Dictionary.csv"

ENGAGEMENT = {"last_activity", "last_notable_activity"}
CONTACT = {
    "tags",
    "lead_quality",
    "lead_profile",
    "asymmetrique_activity_index",
    "asymmetrique_profile_index",
    "asymmetrique_activity_score",
    "asymmetrique_profile_score",
}


def test_there_are_37_columns_and_fields_are_their_names_in_snake_case(
    x_education,
):
    assert len(x_education.columns) == 37
    for column in x_education.columns:
        assert column.field == re.sub(r"\W+", "_", column.name.lower())


def test_what_sales_or_a_vendor_adds_after_contact_is_seen_by_the_contact_stage_only(
    x_education,
):
    stages = {
        stage: {column.field for column in x_education.features(stage)}
        for stage in KnownAt
    }
    assert stages[KnownAt.CONTACT] - stages[KnownAt.ENGAGEMENT] == CONTACT
    assert stages[KnownAt.ENGAGEMENT] - stages[KnownAt.CAPTURE] == ENGAGEMENT
    assert len(stages[KnownAt.CAPTURE]) == 13


@pytest.mark.parametrize(
    ("field", "level", "group"),
    [
        ("lead_source", "Google", "Search Engine"),
        ("lead_source", "google", "Search Engine"),
        ("lead_source", "bing", "Search Engine"),
        ("lead_source", "Organic Search", "Search Engine"),
        ("country", "India", "Tier 1"),
        ("city", "Mumbai", "Metro"),
        ("city", "Tier II Cities", "Non-Metro"),
        (
            "what_is_your_current_occupation",
            "Working Professional",
            "Professional",
        ),
        ("last_notable_activity", "Email Opened", "Engaged via Email"),
        ("last_activity", "Email Opened", "Engaged via Email"),
        ("tags", "Ringing", "Trying to Contact"),
        ("tags", "Busy", "Trying to Contact"),
        ("tags", "Will revert after reading the email", "High Intent"),
        ("specialization", "IT Projects Management", "IT"),
        ("specialization", "Finance Management", "Finance"),
        ("specialization", "Business Administration", "Business"),
        ("lead_quality", "High in Relevance", "High"),
    ],
)
def test_levels_are_grouped_as_the_guide_says(x_education, field, level, group):
    assert level in x_education.column(field).groups[group]


def test_the_vendors_indexes_rise_from_low_to_high(x_education):
    for field in ("asymmetrique_activity_index", "asymmetrique_profile_index"):
        assert x_education.column(field).order == (
            "03.Low",
            "02.Medium",
            "01.High",
        )


def test_names_are_the_guides(x_education):
    assert x_education.names.table == "leadstable"
    assert x_education.model_name() == "lead-conversion-classifier"
    assert x_education.names.experiment == "Lead Conversion Prediction"


@pytest.fixture(scope="module")
def real_leads(x_education) -> pd.DataFrame:
    if not REAL_LEADS.exists():
        pytest.skip("no real leads; set LEADS_CSV")
    cells = pd.read_csv(REAL_LEADS, dtype=str, keep_default_na=False).apply(
        lambda column: column.str.strip()
    )
    return cells.mask(cells.isin(x_education.null_tokens), None)


def test_columns_stand_in_the_order_of_the_real_file(x_education, real_leads):
    assert [column.name for column in x_education.columns] == list(
        real_leads.columns
    )


def test_the_real_leads_have_exactly_the_levels_listed(x_education, real_leads):
    for column in x_education.columns:
        if levels := column.allowed or column.order:
            assert set(real_leads[column.name].dropna()) == set(levels), (
                column.name
            )


def test_every_cell_of_the_real_leads_keeps_the_contract(x_education):
    if not REAL_LEADS.exists():
        pytest.skip("no real leads; set LEADS_CSV")
    rules = cell_rules(x_education)
    broken = []
    outcomes = []
    with REAL_LEADS.open(encoding="utf-8-sig", newline="") as file:
        for number, row in enumerate(csv.DictReader(file), start=2):
            for column in x_education.columns:
                try:
                    value = read_cell(rules[column.field], row[column.name])
                except CellError as error:
                    broken.append(
                        (number, column.name, row[column.name], error.problem)
                    )
                    continue
                if column.field == x_education.label:
                    outcomes.append(value)
    assert broken == []
    assert (len(outcomes), sum(outcomes)) == (9240, 3561)


def test_near_constant_means_one_level_in_99_percent_of_the_real_leads(
    x_education, real_leads
):
    top_share = {
        column.field: real_leads[column.name]
        .value_counts(normalize=True, dropna=False)
        .iloc[0]
        for column in x_education.columns
    }
    assert {
        column.field for column in x_education.columns if column.near_constant
    } == {field for field, share in top_share.items() if share >= 0.99}


@pytest.mark.skipif(
    not DICTIONARY.exists(), reason="the guide's data dictionary is not there"
)
def test_every_variable_of_the_guides_dictionary_is_a_column(x_education):
    with DICTIONARY.open(encoding="utf-8") as file:
        variables = [row["Variable"].lower() for row in csv.DictReader(file)]
    known = {column.name.lower() for column in x_education.columns}
    # the dictionary says "this course" where the file says "a course"
    assert {
        variable.replace("this course", "a course") for variable in variables
    } == known
