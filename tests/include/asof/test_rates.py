"""Historical rates on a few outcomes, worked out by hand."""

import pandas as pd
import pytest

from include.asof.compile import rate_rows_sql
from include.asof.errors import FeatureInputError
from include.asof.in_duckdb import compute_features
from include.asof.inputs import Inputs, typed_inputs
from include.asof.rate_history import RateHistory
from include.asof.tables import Tables
from tests.include.asof.conftest import declare, events, leads

RATE = """
- name: rate
  kind: historical_rate
  outcome: converted
  by: {source: accounts, column: industry}
  m: 2
"""
ACCOUNTS = events(
    [
        ("a", "2024-01-01", None, "fintech"),
        ("b", "2024-01-01", None, "fintech"),
        ("c", "2024-01-01", None, "fintech"),
        ("d", "2024-01-01", None, "retail"),
        ("e", "2024-01-01", None, "energy"),
        ("f", "2024-01-01", None, None),
    ],
    "industry",
)


def outcomes(*rows: tuple[object, ...]) -> pd.DataFrame:
    """Rows of lead, when it occurred, when it arrived and the outcome."""
    return events(rows, "value").astype({"value": "Int64"})


def ask(lead: str, moment: str) -> pd.DataFrame:
    return leads((lead, "contact", moment, None))


KNOWN = outcomes(
    ("b", "2024-02-01", None, 1),
    ("c", "2024-02-02", None, 0),
    ("d", "2024-02-03", None, 0),
)


@pytest.fixture
def rate(compute):
    """Computes the rate of one lead at one moment."""

    def run(
        lead: str, moment: str, rows: pd.DataFrame, text: str = RATE
    ) -> object:
        (value,) = compute(
            text, {"accounts": ACCOUNTS}, ask(lead, moment), converted=rows
        )
        return value

    return run


def test_a_rate_is_drawn_to_that_of_all_levels(rate):
    third = 1 / 3
    assert rate("a", "2024-03-01", KNOWN) == (1 + 2 * third) / (2 + 2)
    assert rate("e", "2024-03-01", KNOWN) == 2 * third / 2
    assert rate("f", "2024-03-01", KNOWN) == 2 * third / 2


def test_without_smoothing_a_level_without_outcomes_has_no_rate(rate):
    text = RATE.replace("m: 2", "m: 0")
    assert rate("a", "2024-03-01", KNOWN, text) == 0.5
    assert rate("e", "2024-03-01", KNOWN, text) is None


def test_before_the_first_outcome_there_is_no_rate(rate):
    assert rate("a", "2024-01-31", KNOWN) is None
    assert rate("a", "2024-03-01", outcomes()) is None


def test_an_outcome_counts_from_when_it_occurred_and_arrived(rate):
    rows = outcomes(
        ("b", "2024-02-01", "2024-02-20", 1),
        ("d", "2024-02-25", "2024-02-02", 0),
    )
    assert rate("a", "2024-02-19", rows) is None
    assert rate("a", "2024-02-20", rows) == 1.0
    assert rate("a", "2024-02-24", rows) == 1.0
    assert rate("a", "2024-02-25", rows) == (1 + 2 * 0.5) / 3


def test_the_leads_own_outcome_never_counts(rate):
    rows = outcomes(("a", "2024-02-01", None, 1), ("d", "2024-02-03", None, 0))
    assert rate("a", "2024-03-01", rows) == 0.0
    assert rate("b", "2024-03-01", rows) == (1 + 2 * 0.5) / 3


def test_the_outcome_that_occurred_last_holds_once_it_is_known(rate):
    rows = outcomes(
        ("b", "2024-02-01", None, 1),
        ("d", "2024-02-01", None, 0),
        ("b", "2024-02-05", "2024-02-10", 0),
        ("b", "2024-02-03", "2024-02-20", 1),
    )
    assert rate("a", "2024-02-09", rows) == (1 + 2 * 0.5) / 3
    assert rate("a", "2024-02-10", rows) == 0.0
    assert rate("a", "2024-02-20", rows) == 0.0


def test_an_outcome_that_was_withdrawn_counts_no_more(rate):
    rows = outcomes(
        ("b", "2024-02-01", None, 1),
        ("d", "2024-02-01", None, 0),
        ("b", "2024-02-10", None, None),
    )
    assert rate("a", "2024-02-09", rows) == (1 + 2 * 0.5) / 3
    assert rate("a", "2024-02-10", rows) == 0.0


def test_an_outcome_that_arrived_twice_counts_once(rate):
    rows = outcomes(
        ("b", "2024-02-01", None, 1),
        ("b", "2024-02-01", "2024-02-05", 1),
        ("d", "2024-02-01", None, 0),
    )
    assert rate("a", "2024-03-01", rows) == (1 + 2 * 0.5) / 3


def test_an_outcome_counts_under_the_level_that_was_known_with_it(compute):
    changing = events(
        [
            ("a", "2024-01-01", None, "retail"),
            ("b", "2024-01-01", None, "retail"),
            ("b", "2024-02-10", None, "fintech"),
            ("c", "2024-01-01", "2024-02-20", "retail"),
        ],
        "industry",
    )
    rows = outcomes(("b", "2024-02-01", None, 1), ("c", "2024-02-01", None, 0))
    assert compute(
        RATE, {"accounts": changing}, ask("a", "2024-03-01"), converted=rows
    ) == [(1 + 2 * 0.5) / 3]


def test_two_rates_may_differ_only_in_their_smoothing():
    text = RATE + RATE.replace("name: rate", "name: unsmoothed").replace(
        "m: 2", "m: 0"
    )
    frame = compute_features(
        declare(text),
        Inputs(
            ask("a", "2024-03-01"), {"accounts": ACCOUNTS}, {"converted": KNOWN}
        ),
    )
    assert frame[["rate", "unsmoothed"]].to_numpy().tolist() == [
        [(1 + 2 / 3) / 4, 0.5]
    ]


def test_counted_rows_give_the_same_rate_as_the_outcomes(tmp_path):
    import duckdb

    features = declare(RATE)
    inputs = Inputs(
        ask("a", "2024-03-01"), {"accounts": ACCOUNTS}, {"converted": KNOWN}
    )
    typed = typed_inputs(features, inputs)
    tables = Tables(
        "leads", {"accounts": "accounts"}, {"converted": "converted"}
    )
    with duckdb.connect() as engine:
        engine.register("accounts", typed.events["accounts"])
        engine.register("converted", typed.outcomes["converted"])
        rows = engine.sql(rate_rows_sql(features[0], tables)).to_arrow_table()
    from_rows = compute_features(
        features,
        Inputs(inputs.leads, inputs.events, rates={"rate": rows}),
    )
    pd.testing.assert_frame_equal(
        from_rows, compute_features(features, inputs), check_exact=True
    )


def test_published_counts_are_those_of_a_moment():
    rows = [("b", 5, 1, 1), ("a", 2, 1, 0), ("a", 7, -1, 0), (None, 3, 1, 1)]
    history = RateHistory.of_columns(RateHistory(rows).as_columns())
    assert history.rows(5, ["a", "unknown"]) == [
        ("a", 5, 1, 0),
        (None, 5, 2, 2),
    ]
    assert history.rows(1, []) == [(None, 1, 0, 0)]
    with pytest.raises(FeatureInputError, match="run the ingestion again"):
        RateHistory.of_columns({"level": ["a"]})
