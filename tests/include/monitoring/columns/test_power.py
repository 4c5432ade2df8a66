"""False alarms and power in small; `python -m bench.drift` counts them over hundreds of runs."""

import numpy as np
import pandas as pd
import pytest

from demo.leads.synthetic import synthetic_leads
from include.contract import load_contract
from include.monitoring.columns.assess import compare_leads

CONTRACT = load_contract("x_education")


def new_channel(leads, random):
    return leads.assign(
        lead_source=leads["lead_source"].mask(
            random.random(len(leads)) < 0.3, "Podcast"
        )
    )


def longer_visits(leads, random):
    return leads.assign(
        total_time_spent_on_website=leads["total_time_spent_on_website"] * 1.5
    )


def other_countries(leads, random):
    return leads.assign(
        country=leads["country"].mask(
            random.random(len(leads)) < 0.2, "United Arab Emirates"
        )
    )


@pytest.fixture(scope="module")
def draw():
    """Draws leads of one population, the same for the same seed."""
    leads = synthetic_leads(9240)
    leads = leads.rename(
        columns={column.name: column.field for column in CONTRACT.columns}
    )
    leads = leads.mask(leads.isin(CONTRACT.null_tokens), None)
    for column in CONTRACT.columns:
        if column.numeric:
            leads[column.field] = pd.to_numeric(leads[column.field])
    return lambda rows, seed: leads.sample(
        rows, replace=True, random_state=seed, ignore_index=True
    )


@pytest.mark.parametrize("seed", range(3))
def test_resamples_of_one_population_raise_no_alarm(draw, seed):
    analysis = compare_leads(
        draw(9240, seed), draw(2000, 100 + seed), CONTRACT, 0.3, 0.5
    )
    assert (
        analysis.drifted,
        analysis.outages,
        analysis.report.drifted_columns,
    ) == (False, (), ())
    assert analysis.new_levels == {}


@pytest.mark.parametrize(
    ("change", "column"),
    [
        (new_channel, "lead_source"),
        (longer_visits, "total_time_spent_on_website"),
        (other_countries, "country"),
    ],
)
def test_a_change_is_reported_on_the_column_that_changed_and_on_no_other(
    draw, change, column
):
    current = change(draw(2000, 100), np.random.default_rng(0))
    analysis = compare_leads(draw(9240, 0), current, CONTRACT, 0.3, 0.5)
    assert analysis.report.drifted_columns == (column,)
    assert analysis.outages == ()
