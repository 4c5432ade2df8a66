"""The encoders that a search chooses between."""

import numpy as np
import pandas as pd
import pytest

from include.features.encoding import (
    Encoder,
    NativeLevels,
    QuantileBins,
    source_field,
)


@pytest.fixture
def frame():
    random = np.random.default_rng(0)
    numbers = pd.Series(random.random(400), name="minutes").mask(
        random.random(400) < 0.1
    )
    levels = pd.Series(
        random.choice(["web", "mail", None], 400), name="channel", dtype=object
    )
    return pd.DataFrame({"minutes": numbers, "channel": levels})


@pytest.fixture
def outcome(frame):
    return (frame["channel"] == "web").astype(int).to_numpy()


def names(encoder):
    return list(encoder.get_feature_names_out())


@pytest.mark.parametrize("numbers", ["scaled", "bins", "both"])
@pytest.mark.parametrize("levels", ["onehot", "target", "both"])
def test_every_choice_gives_a_finite_matrix_with_a_name_and_a_field_per_column(
    frame, outcome, numbers, levels
):
    encoder = Encoder(numbers, levels)
    matrix = encoder.fit_transform(frame, outcome)
    assert np.isfinite(matrix).all()
    assert (
        matrix.shape
        == encoder.transform(frame).shape
        == (400, len(names(encoder)))
    )
    assert {source_field(name) for name in names(encoder)} == {
        "minutes",
        "channel",
    }


def test_bins_hold_about_as_many_rows_each_and_missing_is_one_of_them(frame):
    encoder = Encoder(numbers="bins", bins=4).fit(frame)
    shares = dict(
        zip(names(encoder), encoder.transform(frame).mean(axis=0), strict=True)
    )
    bins = [
        share
        for name, share in shares.items()
        if name.startswith("bin__minutes=0")
    ]
    assert bins == pytest.approx(
        [frame["minutes"].notna().mean() / 4] * 4, abs=0.01
    )
    assert shares["bin__minutes=(missing)"] == frame["minutes"].isna().mean()


def test_numbers_beyond_the_training_rows_fall_into_the_outer_bins(frame):
    bins = QuantileBins(4).fit(frame[["minutes"]])
    assert bins.transform(pd.DataFrame({"minutes": [-99.0, 99.0, np.nan]}))[
        "minutes"
    ].tolist() == ["00", "03", None]


def test_a_target_encoding_is_the_rate_of_the_level_and_of_all_for_an_unknown_one(
    frame, outcome
):
    encoder = Encoder(levels="target").fit(frame, outcome)
    place = names(encoder).index("target__channel")
    rows = pd.DataFrame(
        {"minutes": [0.5] * 3, "channel": ["web", "mail", "pigeon"]}
    )
    assert encoder.transform(rows)[:, place] == pytest.approx(
        [1.0, 0.0, outcome.mean()], abs=0.02
    )


def test_the_target_encoding_of_a_training_row_does_not_hold_its_own_outcome(
    frame, outcome
):
    unique = frame.assign(
        channel=[f"level {number}" for number in range(len(frame))]
    )
    encoder = Encoder(levels="target")
    place = -1
    matrix = encoder.fit_transform(unique, outcome)
    assert names(encoder)[place] == "target__channel"
    assert abs(np.corrcoef(matrix[:, place], outcome)[0, 1]) < 0.2


def test_native_levels_are_categories_fixed_in_training_and_strangers_and_gaps_are_missing(
    frame,
):
    fitted = NativeLevels().fit(frame[["channel"]])
    coded = fitted.transform(
        pd.DataFrame({"channel": ["web", "pigeon", None, "mail"]})
    )["channel"]
    assert coded.cat.codes.tolist() == [1, -1, -1, 0]
    assert coded.dtype == fitted.transform(frame[["channel"]])["channel"].dtype


@pytest.mark.parametrize("numbers", ["scaled", "bins", "both"])
def test_native_levels_give_a_frame_with_one_categorical_column_per_field(
    frame, numbers
):
    encoder = Encoder(numbers, "native")
    matrix = encoder.fit_transform(frame)
    assert list(matrix) == names(encoder)
    categorical = matrix.select_dtypes("category")
    assert list(categorical) == ["native__channel"]
    assert np.isfinite(matrix.drop(columns=categorical)).all(axis=None)
    assert {source_field(name) for name in names(encoder)} == {
        "minutes",
        "channel",
    }
    one = encoder.transform(frame.head(1))
    pd.testing.assert_series_equal(one.dtypes, matrix.dtypes)


def test_a_frame_without_levels_or_without_numbers_is_encoded_too(frame):
    assert Encoder().fit_transform(frame[["minutes"]]).shape == (400, 2)
    assert Encoder().fit_transform(frame[["channel"]]).shape == (400, 3)


@pytest.mark.parametrize("numbers", ["scaled", "bins", "both"])
@pytest.mark.parametrize("levels", ["onehot", "target", "both"])
def test_the_tables_of_levels_say_what_the_fitted_blocks_say(
    frame, outcome, numbers, levels
):
    encoder = Encoder(numbers, levels).fit(frame, outcome)
    rows = frame.copy()
    rows.loc[:9, "channel"] = "pigeon"
    assert np.array_equal(
        encoder.transform(rows),
        np.asarray(encoder.columns_.transform(rows), dtype="float64"),
    )


def test_a_model_from_before_there_were_tables_still_encodes(frame):
    encoder = Encoder().fit(frame)
    wanted = encoder.transform(frame)
    del encoder.tables_
    assert np.array_equal(encoder.transform(frame), wanted)
