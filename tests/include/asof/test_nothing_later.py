"""Nothing that occurred or arrived after the moment has any effect, and the compiled query is what a loop computes."""

from collections.abc import Callable

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.asof.in_duckdb import compute_features
from include.asof.inputs import Inputs
from tests.include.asof.by_hand import feature_by_hand
from tests.include.asof.conftest import declare
from tests.include.asof.samples import DAY, EVERY_KIND, random_inputs, seeded

FEATURES = declare(EVERY_KIND)
Change = Callable[[pd.DataFrame, pd.DataFrame], pd.DataFrame]


def known(frame: pd.DataFrame, moment: int) -> pd.Series:
    return (frame["occurred_at"] <= moment) & (frame["arrived_at"] <= moment)


def removed(frame: pd.DataFrame, _other: pd.DataFrame) -> pd.DataFrame:
    return frame.iloc[:0]


def changed(frame: pd.DataFrame, _other: pd.DataFrame) -> pd.DataFrame:
    """Gives every later row the content of another one."""
    own = ["lead_key", "occurred_at", "arrived_at"]
    content = frame.drop(columns=own).iloc[::-1].reset_index(drop=True)
    keys = frame[own].reset_index(drop=True)
    return pd.concat([keys, content], axis="columns")


def added(frame: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([other, frame, other])


def with_later(
    frames: dict[str, pd.DataFrame],
    others: dict[str, pd.DataFrame],
    moment: int,
    change: Change,
) -> dict[str, pd.DataFrame]:
    """Returns tables whose rows known at the moment are the same, and whose later rows are changed."""
    result = {}
    for name, frame in frames.items():
        later = frame[~known(frame, moment)]
        other = others[name][~known(others[name], moment)]
        both = [frame[known(frame, moment)], change(later, other)]
        result[name] = pd.concat(both).astype(frame.dtypes)
    return result


@pytest.mark.parametrize("change", [removed, changed, added])
@settings(max_examples=2, deadline=None)
@given(seed=st.integers(0, 2**32), later_seed=st.integers(0, 2**32))
def test_later_rows_change_no_bit_of_any_feature(
    engine, change, seed, later_seed
):
    inputs = random_inputs(seeded(seed), leads=4, events=30)
    later = random_inputs(seeded(later_seed), leads=4, events=20)
    row = inputs.leads.iloc[[seed % len(inputs.leads)]]
    moment = int(row["moment"].iloc[0])
    others = Inputs(
        row.reset_index(drop=True),
        with_later(inputs.events, later.events, moment, change),
        with_later(inputs.outcomes, later.outcomes, moment, change),
    )
    together = compute_features(FEATURES, inputs, engine)
    alone = compute_features(FEATURES, others, engine)
    place = seed % len(inputs.leads)
    expected = together.iloc[[place]].reset_index(drop=True)
    pd.testing.assert_frame_equal(alone, expected, check_exact=True)


@settings(max_examples=2, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_the_query_gives_what_a_loop_over_the_rows_gives(engine, seed):
    random = seeded(seed)
    step = random.choice((DAY // 2, DAY, DAY * 3))
    inputs = random_inputs(random, leads=4, events=40, step=step)
    computed = compute_features(FEATURES, inputs, engine)
    for place, lead in enumerate(inputs.leads.itertuples()):
        for feature in FEATURES:
            value = computed[feature.name].iloc[place]
            value = None if pd.isna(value) else value
            expected = feature_by_hand(feature, lead, inputs)
            if isinstance(expected, float):
                expected = pytest.approx(expected, rel=1e-12, abs=1e-12)
            assert value == expected, (feature.name, lead)
