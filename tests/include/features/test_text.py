"""Text is the same to a pipeline, whichever dtype a version of pandas gives it."""

import numpy as np
import pandas as pd
import pytest

from include.features.encoding import Encoder
from include.features.text import text_as_objects, text_fields, typed_frame

LEVELS = np.array(["web", None, "mail", "web"], dtype=object)
MINUTES = np.array([1.0, 2.0, np.nan, 4.0])
DTYPES = ["object", "string", pd.StringDtype("python", na_value=np.nan)]
"""That of pandas 2, the one with pd.NA, and what pandas 3 infers (here without pyarrow)."""


@pytest.fixture(params=DTYPES, ids=["object", "string", "str"])
def frame(request):
    return pd.DataFrame(
        {"minutes": MINUTES, "channel": pd.Series(LEVELS, dtype=request.param)}
    )


def test_a_frame_of_typed_columns_keeps_none_and_numbers_and_takes_the_index():
    frame = typed_frame(
        {"channel": LEVELS, "minutes": MINUTES, "absent": np.full(4, None)},
        pd.Index([3, 3, 1, 0]),
    )
    assert frame["channel"].tolist() == ["web", None, "mail", "web"]
    assert frame["absent"].tolist() == [None] * 4
    assert [str(dtype) for dtype in frame.dtypes] == [
        "object",
        "float64",
        "object",
    ]
    assert frame.index.tolist() == [3, 3, 1, 0]


def test_text_is_found_whatever_its_dtype_and_categories_are_none(frame):
    assert text_fields(frame.assign(code=pd.Categorical([1, 2, 1, 2]))) == [
        "channel"
    ]


def test_text_becomes_objects_with_none(frame):
    assert text_as_objects(frame)["channel"].tolist() == [
        "web",
        None,
        "mail",
        "web",
    ]
    assert text_as_objects(frame)["minutes"].dtype == "float64"


def test_a_frame_of_objects_is_not_copied():
    frame = typed_frame({"channel": LEVELS})
    assert text_as_objects(frame) is frame


@pytest.mark.parametrize("levels", ["onehot", "target", "both", "native"])
def test_an_encoder_makes_the_same_matrix_of_every_dtype_of_text(frame, levels):
    objects = typed_frame({"minutes": MINUTES, "channel": LEVELS})
    wanted = _encoded(objects, objects, levels)
    pd.testing.assert_frame_equal(_encoded(objects, frame, levels), wanted)
    pd.testing.assert_frame_equal(_encoded(frame, frame, levels), wanted)


def _encoded(training, rows, levels):
    encoder = Encoder(levels=levels).fit(
        pd.concat([training] * 5), [1, 0, 0, 1] * 5
    )
    return pd.DataFrame(
        encoder.transform(rows), columns=encoder.get_feature_names_out()
    )
