"""The SHAP summary plot."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb
from matplotlib.image import imread

from include.evaluation.pictures.beeswarm import (
    FIELDS_SHOWN,
    LEVEL_COLOUR,
    draw_beeswarm,
)
from include.evaluation.pictures.plots import PALE


def draw(values, rows, path):
    frame = pd.DataFrame(values)
    return draw_beeswarm(
        frame, pd.DataFrame(rows, index=frame.index), "log-odds", path
    ).read_bytes()


def test_numbers_are_coloured_by_their_size_and_categories_are_not(tmp_path):
    values = {"a": np.linspace(-1, 1, 50)}
    rising = draw(values, {"a": np.arange(50)}, tmp_path / "1.png")
    falling = draw(values, {"a": np.arange(50)[::-1]}, tmp_path / "2.png")
    letters = draw(values, {"a": ["x"] * 50}, tmp_path / "3.png")
    assert letters == draw(values, {"a": ["y"] * 50}, tmp_path / "4.png")
    assert len({rising, falling, letters}) == 3


@pytest.mark.parametrize(
    ("cell", "colour"), [("x", LEVEL_COLOUR), (None, PALE)]
)
def test_categories_are_grey_and_missing_cells_pale(tmp_path, cell, colour):
    draw({"a": np.linspace(-1, 1, 50)}, {"a": [cell] * 50}, tmp_path / "1.png")
    pixels = imread(tmp_path / "1.png")[:, :, :3].reshape(-1, 3)
    counts = {
        name: np.isclose(pixels, to_rgb(name), atol=0.01).all(axis=1).sum()
        for name in (LEVEL_COLOUR, PALE)
    }
    assert max(counts, key=counts.get) == colour


@pytest.mark.parametrize("values", [[0.3], [0.0, 0.0, 0.0]])
def test_one_lead_and_fields_without_any_effect_can_be_drawn(tmp_path, values):
    assert draw(
        {"a": values}, {"a": [None] * len(values)}, tmp_path / "1.png"
    ).startswith(b"\x89PNG")


def test_a_field_that_the_raw_rows_do_not_have_is_drawn_as_missing(tmp_path):
    values = {"a": [0.1, 0.2], "b": [0.3, 0.4]}
    absent = draw(values, {"b": [1, 2]}, tmp_path / "1.png")
    assert absent == draw(
        values, {"a": [None, None], "b": [1, 2]}, tmp_path / "2.png"
    )


def test_many_fields_and_a_long_name_do_not_make_a_large_picture(tmp_path):
    random = np.random.default_rng(0)
    values = {
        f"{'very_' * 20}long_name_{number}": random.normal(size=400)
        for number in range(FIELDS_SHOWN * 3)
    }
    assert (
        len(
            draw(
                values,
                {name: range(400) for name in values},
                tmp_path / "1.png",
            )
        )
        < 200_000
    )
    height, width = imread(tmp_path / "1.png").shape[:2]
    assert height < 700
    assert width < 800
