"""The leaks that leadforge, a simulation of other people, has planted in its leads have no effect here."""

import pandas as pd
import pytest

from bench.leadforge.quality import compare, put_together
from bench.leadforge.tables import (
    MOMENT_DAYS,
    PLANTED,
    draw,
    leadforge_contract,
    write_sources,
)
from include.contract import KnownAt, load_contract
from include.contract.model import SCORING_STAGES
from include.features.columns import feature_columns
from onboarding.draft import draft_file
from onboarding.source_leads import load_folder

MOMENTS = {
    "touches": "touch_timestamp",
    "sessions": "session_timestamp",
    "sales_activities": "activity_timestamp",
    "opportunities": "created_at",
    "customers": "customer_start_at",
}


@pytest.fixture(scope="module")
def contract():
    return leadforge_contract()


@pytest.fixture(scope="module")
def drawn():
    return draw(400, seed=42, n_accounts=150, n_contacts=350)


@pytest.fixture(scope="module")
def leads(contract, drawn, tmp_path_factory):
    return put_together(contract, drawn, tmp_path_factory.mktemp("raw") / "all")


@pytest.fixture
def both(leads, drawn):
    """Return the leads with leadforge's own columns of day 30."""
    snapshot = drawn.snapshot.drop(columns=list(PLANTED), errors="ignore")
    return leads.merge(snapshot, on="lead_id", suffixes=("", "_theirs"))


def fields_of(contract, stage):
    return {column.field for column in feature_columns(contract, stage)}


def until_the_moment(drawn):
    """Return the tables without the rows of later days."""
    created = drawn.tables["leads"].set_index("lead_id")["lead_created_at"]
    last_day = pd.to_datetime(created) + pd.Timedelta(days=MOMENT_DAYS)
    tables = dict(drawn.tables)
    for name in ("touches", "sessions", "sales_activities", "opportunities"):
        rows = tables[name]
        moments = pd.to_datetime(rows[MOMENTS[name]])
        tables[name] = rows[moments <= rows["lead_id"].map(last_day)]
    opportunities = tables["opportunities"]
    closed = pd.to_datetime(opportunities["closed_at"])
    is_known = closed <= opportunities["lead_id"].map(last_day)
    tables["opportunities"] = opportunities.assign(
        closed_at=opportunities["closed_at"].where(is_known)
    )
    return tables


def test_every_lead_is_read_with_its_outcome(leads, drawn):
    outcomes = drawn.tables["leads"].set_index("lead_id")
    converted = outcomes["converted_within_90_days"].astype(int)
    assert len(leads) == 400
    assert (leads["converted"] == leads["lead_id"].map(converted)).all()


def test_counts_are_those_of_leadforge_on_the_day_of_the_prediction(both):
    assert (both["touches"] == both["touch_count"]).all()
    assert (both["sessions"] == both["session_count"]).all()
    assert (both["activities"] == both["activity_count"]).all()
    later = both["total_touches_all"] > both["touches"]
    assert later.mean() > 0.5


def test_rows_of_later_days_change_no_column_that_a_model_reads(
    contract, leads, drawn, tmp_path
):
    write_sources(tmp_path / "cut", until_the_moment(drawn), drawn)
    fewer = load_folder(contract, tmp_path / "cut").frame
    fields = sorted(fields_of(contract, KnownAt.CONTACT))
    pd.testing.assert_frame_equal(fewer[fields], leads[fields])


def test_what_leads_that_converted_alone_have_counts_for_nobody(leads, drawn):
    assert len(drawn.tables["customers"]) == leads["converted"].sum() > 0
    assert (leads["customers"] == 0).all()
    assert (leads["won"] == 0).all()


def test_columns_that_hold_what_was_so_on_the_last_day_reach_no_model(
    contract, leads
):
    assert leads[list(PLANTED)].notna().all().all()
    for stage in SCORING_STAGES:
        assert not fields_of(contract, stage) & set(PLANTED)


def test_accounts_on_both_sides_of_a_split_tell_nothing(contract, leads):
    assert leads["account_id"].duplicated().mean() > 0.5
    for stage in SCORING_STAGES:
        ids = fields_of(contract, stage) & {"account_id", "contact_id"}
        assert not ids
    assert leads["account_rate"].isna().all()


@pytest.mark.parametrize("column", ["current_stage", "total_touches_all"])
def test_a_draft_asks_whether_a_leak_is_known_only_afterwards(
    drawn, tmp_path, column
):
    path = tmp_path / "snapshot.csv"
    drawn.snapshot.to_csv(path, index=False)
    text = draft_file("simulated", path, tmp_path)
    assert f"is {column} known only after the outcome?" in text
    drafted = load_contract(str(tmp_path / "simulated.yaml"))
    assert drafted.column(column).known_at == KnownAt.OUTCOME


@pytest.mark.slow
def test_a_model_is_as_good_as_the_baseline_and_needs_no_leak():
    figures = compare(seed=42)
    assert figures.model > figures.without_leak - 0.01
    assert figures.whole_accounts > figures.mixed_accounts - 0.01
