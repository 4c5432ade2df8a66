"""Tables as callers bring them: other types of times and keys, and what is refused."""

from datetime import UTC, date, datetime

import pandas as pd
import pyarrow as pa
import pytest

from include.asof.errors import FeatureInputError
from include.asof.in_duckdb import compute_features
from include.asof.inputs import Inputs, typed_inputs
from tests.include.asof.conftest import declare, events, leads

COUNT = declare("[{name: n, kind: count, events: {source: mail}}]")
SPENT = declare("""
- name: spent
  kind: sum
  column: amount
  events: {source: crm, where: {action: call}}
  window: {first: 7 days, after: creation}
""")
LEADS = leads(("a", "contact", "2024-03-10", "2024-03-01"))
MOMENT = 1_710_028_800_000_000


def moment_of(frame: object) -> int:
    inputs = Inputs(frame, {"mail": events([])})
    return typed_inputs(COUNT, inputs).leads["moment"][0].as_py()


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2024, 3, 10, tzinfo=UTC),
        pd.Timestamp("2024-03-10 05:30", tz="Asia/Kolkata"),
        pd.Timestamp("2024-03-10"),
        date(2024, 3, 10),
        MOMENT,
        float(MOMENT),
    ],
    ids=["UTC", "zone", "no zone", "date", "whole number", "float"],
)
def test_every_way_to_write_a_time_is_the_same_moment(moment):
    row = {"lead_key": ["a"], "stage": ["contact"], "moment": [moment]}
    assert moment_of(pd.DataFrame(row)) == MOMENT
    assert moment_of(pa.table(row)) == MOMENT


def test_keys_may_be_whole_numbers_on_one_side_and_levels_categories():
    rows = LEADS.assign(lead_key=[7])
    calls = events(
        [("7", "2024-03-02", None)],
    ).assign(action=pd.Categorical(["call"]), amount=[3])
    frame = compute_features(SPENT, Inputs(rows, {"crm": calls}))
    assert frame.to_dict("records") == [
        {"lead_key": 7, "stage": "contact", "spent": 3.0}
    ]


def test_a_lead_without_any_row_may_have_columns_without_a_type():
    names = ["lead_key", "occurred_at", "arrived_at", "action", "amount"]
    nothing = pd.DataFrame(columns=names)
    frame = compute_features(SPENT, Inputs(LEADS, {"crm": nothing}))
    assert frame["spent"].tolist() == [0.0]


@pytest.mark.parametrize(
    ("rows", "sources", "message"),
    [
        (LEADS, {}, "no table is given for the source 'crm'"),
        (
            LEADS,
            {"crm": events([])},
            "events of crm: there is no column action, amount",
        ),
        (
            LEADS.drop(columns="created_at"),
            {},
            "leads: there is no column created_at",
        ),
        (pd.concat([LEADS, LEADS]), {}, "a lead stands twice in one stage"),
        (LEADS.assign(moment=None), {}, "leads: a row has no moment"),
        (
            LEADS,
            {
                "crm": events(
                    [("a", "2024-03-02", None, "call", "much")],
                    "action",
                    "amount",
                )
            },
            "'amount' cannot be read as number",
        ),
    ],
    ids=["no source", "no column", "no creation", "twice", "no moment", "text"],
)
def test_tables_that_lack_something_are_refused(rows, sources, message):
    with pytest.raises(FeatureInputError, match=message):
        compute_features(SPENT, Inputs(rows, sources))


def test_an_outcome_without_a_table_is_refused():
    rate = declare(
        "[{name: r, kind: historical_rate, outcome: won, by: {source: mail, column: a}}]"
    )
    sources = {"mail": events([], "a")}
    with pytest.raises(FeatureInputError, match="outcome 'won'"):
        compute_features(rate, Inputs(LEADS, sources))
