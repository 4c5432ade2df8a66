"""The matrix that a model sees."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from include.contract import KnownAt
from include.features.preprocess import (
    dropped_columns,
    preprocessing_steps,
    source_fields,
)


@pytest.fixture
def pipeline(contract):
    return Pipeline(
        preprocessing_steps(contract, KnownAt.CONTACT, grouped=True)
    )


@pytest.fixture
def fitted(pipeline, accounts):
    return pipeline.fit(accounts)


def test_the_matrix_is_dense_and_finite_and_its_numbers_are_standardised(
    fitted, accounts
):
    matrix = fitted.transform(accounts)
    assert isinstance(matrix, np.ndarray)
    assert np.isfinite(matrix).all()
    names = list(fitted[-1].get_feature_names_out())
    visits = matrix[:, names.index("number__visits")]
    assert visits.mean() == pytest.approx(0, abs=1e-9)
    assert visits.std() == pytest.approx(1)
    levels = [name.startswith("level__") for name in names]
    assert set(np.unique(matrix[:, levels])) == {0.0, 1.0}


def test_numbers_beyond_those_of_the_training_rows_are_not_clipped(
    fitted, accounts
):
    names = list(fitted[-1].get_feature_names_out())
    place = names.index("number__visits")
    highest = accounts["visits"].max()
    rows = accounts.head(2).assign(visits=[highest, highest + 1])
    at_the_end, beyond = fitted.transform(rows)[:, place]
    assert beyond > at_the_end


def test_missing_numbers_take_the_median_and_raise_a_flag(fitted, accounts):
    names = list(fitted[-1].get_feature_names_out())
    row = pd.DataFrame(
        fitted.transform(accounts.assign(visits=np.nan).head(1)), columns=names
    ).iloc[0]
    filled = fitted.transform(
        accounts.assign(visits=accounts["visits"].median()).head(1)
    )[0]
    assert row["number__visits"] == filled[names.index("number__visits")]
    flag = "number__missingindicator_visits"
    assert row[flag] > filled[names.index(flag)]


def test_missing_levels_are_a_level_of_their_own(fitted, accounts):
    names = list(fitted[-1].get_feature_names_out())
    row = pd.DataFrame(
        fitted.transform(accounts.assign(region=None).head(1)), columns=names
    ).iloc[0]
    assert row["level__region=(missing)"] == 1.0


def test_unknown_levels_are_ignored(pipeline, accounts):
    fitted = pipeline.set_params(group__enabled=False).fit(accounts)
    names = list(fitted[-1].get_feature_names_out())
    row = pd.DataFrame(
        fitted.transform(accounts.assign(region="west").head(1)), columns=names
    ).iloc[0]
    assert (
        row[[name for name in names if name.startswith("level__region")]].sum()
        == 0.0
    )


def test_a_column_that_was_all_missing_in_training_does_no_harm(
    pipeline, accounts
):
    fitted = pipeline.fit(accounts.assign(visits=np.nan, region=None))
    assert np.isfinite(fitted.transform(accounts)).all()


def test_rows_without_any_known_column_still_give_a_row(fitted):
    assert fitted.transform(pd.DataFrame({"unrelated": [1, 2]})).shape[0] == 2


def test_every_column_of_the_matrix_has_the_field_it_comes_from(
    fitted, accounts
):
    fields = source_fields(fitted)
    assert len(fields) == fitted.transform(accounts).shape[1]
    assert set(fields) == {
        "visits",
        "minutes",
        "channel",
        "region",
        "newsletter",
        "fit",
        "opinion",
    }
    assert fields.count("visits") == 2  # the number and its missing flag


def test_the_report_names_every_unused_column_and_why(contract, accounts):
    early = Pipeline(
        preprocessing_steps(contract, KnownAt.CAPTURE, grouped=True)
    ).fit(accounts.assign(region="north"))
    reasons = (
        dropped_columns(contract, KnownAt.CAPTURE, early)
        .set_index("field")["reason"]
        .to_dict()
    )
    assert reasons == {
        "account": "it is the key",
        "number": "it is the clock",
        "won": "it is the label",
        "remark": "type string is no feature",
        "constant": "near-constant by the contract",
        "fit": "known at engagement only",
        "opinion": "known at contact only",
        "region": "constant: the training rows have one value",
    }


def test_columns_with_many_gaps_are_dropped_by_the_given_share(
    contract, accounts
):
    steps = preprocessing_steps(
        contract, KnownAt.CONTACT, grouped=True, max_missing=0.1
    )
    assert set(
        Pipeline(steps).fit(accounts).named_steps["select"].dropped_
    ) == {"visits", "region"}


def test_steps_can_be_cloned_for_a_search(pipeline, accounts):
    np.testing.assert_array_equal(
        clone(pipeline).fit_transform(accounts),
        pipeline.fit_transform(accounts),
    )


@given(st.text(max_size=20), st.text(max_size=20), st.floats(), st.booleans())
def test_no_later_column_can_change_the_features_of_a_stage(
    contract, accounts, opinion, fit, won, as_text
):
    early = Pipeline(
        preprocessing_steps(contract, KnownAt.CAPTURE, grouped=True)
    ).fit(accounts)
    rows = accounts.head(5)
    changed = rows.assign(
        opinion=opinion,
        fit=fit,
        won=str(won) if as_text else won,
        remark=opinion,
        number=-1,
    )
    np.testing.assert_array_equal(
        early.transform(changed), early.transform(rows)
    )
