"""The desk's list of a contract of two outcomes: both scores side by side, the highest expected value first."""
# ruff: noqa: S608 - the only names put into SQL here are the tests own

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from include.api.desk.listing import read_listing
from include.api.desk.publish import publish
from include.api.desk.state import desk_of
from include.api.desk.views import cards
from include.contract.model import Outcome
from include.decisions import Decisions
from include.lake.layout import Layout
from include.settings import settings
from include.warehouse.templates import Statements

REASON = '[{"effect": 0.5, "text": "many visits"}]'
MOMENT = datetime(2026, 2, 1, 5, tzinfo=UTC)


@pytest.fixture
def two(contract):
    """The test contract with a second outcome, and minutes as what a lead is worth."""
    columns = list(contract.columns)
    kept = contract.column("won").model_copy(
        update={"name": "Kept", "field": "kept", "label": "Kept"}
    )
    names = contract.names.model_copy(
        update={"scores_table": f"{contract.names.scores_table}_kept"}
    )
    outcomes = (
        Outcome(field="won", names=contract.names, decisions=Decisions()),
        Outcome(field="kept", given="won", names=names, decisions=Decisions()),
    )
    return contract.model_copy(
        update={
            "columns": (*columns, kept),
            "outcomes": outcomes,
            "value": "minutes",
        }
    )


@pytest.fixture
def listing(two, layout, warehouse):
    """Leads a to d: c has no value, d no score of the second outcome."""
    for view in two.views:
        own = Statements(settings(), view)
        for name in ("create_leads", "create_scores", "create_current_scores"):
            warehouse.execute(own.render(name))
    leads = "('a', 100), ('b', 10), ('c', NULL), ('d', 900)"
    scores = {
        "": [("a", 0.5), ("b", 0.9), ("c", 0.8), ("d", 0.7)],
        "kept": [("a", 0.5), ("b", 0.9), ("c", 0.9)],
    }
    statements = [
        f"INSERT INTO public.{two.names.table} (account, minutes) VALUES {leads}"
    ]
    for outcome, rows in scores.items():
        table = two.for_outcome(outcome).names.scores_table
        values = ", ".join(
            f"('{key}', {round(100 * probability)}, {probability}, 1, 'A', '{REASON}', 'capture', '3', 'r', "
            "TIMESTAMP '2026-02-01 05:00:00')"
            for key, probability in rows
        )
        statements.append(f"INSERT INTO public.{table} VALUES {values}")
    warehouse.transaction(statements)
    warehouse.execute(
        Statements(settings(), two).render("unload_desk", run_id="r")
    )
    own_layout: Layout = replace(layout, contract=two)
    assert publish("r", own_layout, MOMENT) == 4
    return read_listing(own_layout)


def test_both_scores_stand_side_by_side_and_the_highest_expected_value_first(
    listing, two, layout
):
    leads = listing.leads
    assert list(leads["account"]) == ["a", "b", "c", "d"]
    expected = leads["expected_value"].astype(float).round(6)
    assert expected.tolist()[:2] == [25.0, 8.1]
    assert expected.isna().tolist() == [False, False, True, True]
    first, second, third, last = cards(
        leads, desk_of(settings().desk, two, layout)
    )
    assert (first.score, first.expected_value) == (50, 25.0)
    (kept,) = first.further
    assert (kept.label, kept.score) == ("Kept, if won", 50)
    assert kept.reasons == [{"effect": 0.5, "text": "many visits"}]
    assert (kept.outcome, kept.stage, kept.model_version) == (
        "kept",
        "capture",
        "3",
    )
    assert (third.further[0].score, third.expected_value) == (90, None)
    assert last.further == []
