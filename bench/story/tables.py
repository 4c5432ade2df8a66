"""Compute tables of features: one row for each lead at a stage, and the outcome that was known at a moment."""

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from bench.story.declared import CLOCK, KEY, LABEL, Outcome, declared
from bench.story.systems import Story
from include.asof.in_duckdb import compute_features, open_engine
from include.asof.inputs import Inputs

ONE = pa.scalar(1, pa.int64())
ZERO = pa.scalar(0, pa.int64())
WEEK = pd.Timedelta(days=7)


def stage_table(story: Story, stage: str) -> pd.DataFrame:
    """Return the features of every lead that reaches a stage, as they were known at its moment.

    Columns: `lead_key`, `moment`, the features of the stage, and `captured` (seconds since 1970).
    """
    leads = story.leads.assign(
        stage=stage, moment=stage_moments(story.leads, stage)
    )
    leads = leads[leads["moment"].notna()].reset_index(drop=True)
    inputs = Inputs(
        leads=leads[["lead_key", "stage", "moment", "created_at"]],
        events=story.sources,
        outcomes={
            name: outcome_rows(story, outcome)
            for name, outcome in declared().outcomes.items()
        },
    )
    with open_engine() as engine:
        table = compute_features(declared().known_at(stage), inputs, engine)
    table = table.drop(columns="stage")
    seconds = leads["created_at"].astype("datetime64[s, UTC]").astype("int64")
    return table.assign(moment=leads["moment"], **{CLOCK: seconds})


def stage_moments(leads: pd.DataFrame, stage: str) -> pd.Series:
    """Return each lead's moment of a stage, missing where it was not reached.

    No stage comes before the lead's first record has arrived.
    """
    if stage == "capture":
        return leads["arrived_at"]
    moments = leads["contact_at"]
    if stage == "engagement":
        moments = leads["created_at"] + WEEK
    return moments.where(
        moments.isna() | (moments > leads["arrived_at"]), leads["arrived_at"]
    )


def outcome_rows(story: Story, outcome: Outcome) -> pa.Table:
    """Return the rows of an outcome as rates count them: `value` is 1, 0, or missing where nothing is decided.

    None counts before the lead's outcomes are mature. Successes are known weeks before failures, so that the rates of
    the first months would be far too high, and those of a growing company a little.
    """
    rows = story.sources["applications"]
    cells = rows[outcome.column]
    is_positive = pc.equal(cells, outcome.positive)
    value = pc.if_else(is_positive, ONE, ZERO)
    created_at = story.leads.set_index(KEY)["created_at"]
    of_leads = rows["lead_key"].to_pandas().map(created_at)
    mature_at = of_leads + pd.Timedelta(days=outcome.mature_after_days)
    arrived_at = rows["arrived_at"].to_pandas()
    known_at = arrived_at.where(arrived_at > mature_at, mature_at)
    return pa.table(
        {
            "lead_key": rows["lead_key"],
            "occurred_at": rows["occurred_at"],
            "arrived_at": pa.array(known_at),
            "value": value,
        }
    )


def known_outcomes(rows: pd.DataFrame, moment: pd.Timestamp) -> pd.DataFrame:
    """Return the outcomes that were known at a moment: `value` (1 or 0) and `known_at`, by `lead_key`.

    The last row by the moment at which it occurred holds. Open and withdrawn outcomes are left out.

    Args:
        rows: of `outcome_rows`, as a frame.
        moment: with a time zone.
    """
    arrived = rows[rows["arrived_at"] <= moment]
    ordered = arrived.sort_values(["occurred_at", "arrived_at"], kind="stable")
    last = ordered.drop_duplicates(KEY, keep="last").set_index(KEY)
    last = last.rename(columns={"arrived_at": "known_at"})
    return last.loc[last["value"].notna(), ["value", "known_at"]]


def training_rows(
    table: pd.DataFrame, labels: pd.DataFrame, moment: pd.Timestamp
) -> pd.DataFrame:
    """Return the rows of a stage whose moment had come, with the outcome as it was known; open leads have none.

    Rows from before the first outcome are left out: no rate existed then, and no lead will ever be scored without.

    Args:
        table: of `stage_table`.
        labels: of `known_outcomes`.
        moment: of the training.
    """
    rates = list(declared().rates)
    has_rates = table[rates].notna().all(axis=1)
    rows = table[has_rates & (table["moment"] <= moment)]
    return rows.assign(**{LABEL: rows[KEY].map(labels["value"])})
