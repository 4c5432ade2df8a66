"""The matrix without frames against the fitted steps that it stands for."""

import numpy as np
import pandas as pd
import pytest

from include.contract import KnownAt
from include.decisions import Decisions
from include.features.cleaning import cells_of
from include.features.lead_encoder import LeadEncoder
from include.training.pipeline import build_pipeline

ENCODINGS = [
    {},
    {"encode__levels": "target"},
    {"encode__levels": "both", "group__enabled": True},
    {"cap__share": 0.05},
    {"encode__numbers": "bins"},
    {"encode__numbers": "both", "cap__share": 0.01},
    {"encode__levels": "native"},
]


@pytest.fixture(params=ENCODINGS, ids=str)
def steps(request, contract, accounts):
    outcome = accounts[contract.label].astype(int)
    return build_pipeline(
        Decisions(), contract, "lightgbm", KnownAt.CONTACT, request.param
    ).fit(accounts, outcome)[:-2]


def by_both(steps, leads, contract):
    encoder = LeadEncoder.of(steps)
    typed = encoder.typed(
        cells_of(
            leads,
            [column.field for column in contract.columns if column.numeric],
        ),
        len(leads),
    )
    return encoder.matrix(typed, len(leads)), steps.transform(leads)


def same(ours, theirs):
    return (
        ours.equals(theirs.reset_index(drop=True))
        if isinstance(ours, pd.DataFrame)
        else (ours == theirs).all()
    )


def test_a_matrix_is_the_same_to_the_last_bit(steps, accounts, contract):
    assert same(*by_both(steps, accounts, contract))


def test_so_is_that_of_one_lead(steps, accounts, contract):
    assert all(
        same(*by_both(steps, accounts.iloc[[row]], contract))
        for row in range(10)
    )


def test_so_is_that_of_leads_with_nothing_and_with_what_nobody_has_seen(
    steps, accounts, contract
):
    strange = accounts.head(4).astype(object)
    strange.iloc[0] = None
    strange.iloc[1] = "never seen"
    strange.iloc[2] = np.inf
    assert same(*by_both(steps, strange, contract))


def test_absent_columns_are_missing(steps, accounts, contract):
    assert same(*by_both(steps, accounts[[contract.key]], contract))
