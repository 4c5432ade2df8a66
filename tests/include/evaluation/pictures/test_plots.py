"""The pictures of an evaluation."""

import subprocess
import sys

import numpy as np
import pytest
from matplotlib.image import imread

from include.evaluation.errors import OneClassOnlyError
from include.evaluation.pictures import plots
from include.evaluation.pictures.plots import evaluation_plots

NAMES = [
    "roc.png",
    "precision_recall.png",
    "calibration.png",
    "gain.png",
    "confusion.png",
]


def scores(rows=300):
    random = np.random.default_rng(0)
    probability = random.random(rows)
    return (random.random(rows) < probability).astype(int), probability


def test_five_pictures_are_written_into_a_folder_that_did_not_exist(tmp_path):
    paths = evaluation_plots(*scores(), 0.5, tmp_path / "new" / "plots")
    assert [path.name for path in paths] == NAMES
    assert all(imread(path).shape[0] > 200 for path in paths)
    assert all(path.stat().st_size < 60_000 for path in paths)


def test_the_same_scores_give_the_same_bytes_in_another_process(tmp_path):
    code = (
        "import sys, pathlib, numpy as np; from include.evaluation.pictures.plots import evaluation_plots;"
        "random = np.random.default_rng(0); probability = random.random(300);"
        "outcome = (random.random(300) < probability).astype(int);"
        "evaluation_plots(outcome, probability, 0.5, pathlib.Path(sys.argv[1]))"
    )
    here = evaluation_plots(*scores(), 0.5, tmp_path / "here")
    subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "there")], check=True
    )
    for path in here:
        assert (
            path.read_bytes() == (tmp_path / "there" / path.name).read_bytes()
        ), path.name


def test_other_scores_and_another_threshold_change_the_pictures(tmp_path):
    outcome, probability = scores()
    first = evaluation_plots(outcome, probability, 0.5, tmp_path / "a")
    moved = evaluation_plots(outcome, probability, 0.9, tmp_path / "b")
    other = evaluation_plots(outcome, probability**2, 0.5, tmp_path / "c")
    changed = [
        before.read_bytes() != after.read_bytes()
        for before, after in zip(first, moved, strict=True)
    ]
    assert changed == [
        True,
        True,
        False,
        True,
        True,
    ]  # calibration knows no threshold
    assert all(
        before.read_bytes() != after.read_bytes()
        for before, after in zip(first[2:], other[2:], strict=True)
    )


def test_a_threshold_that_nobody_reaches_is_drawn_too(tmp_path):
    assert len(evaluation_plots([0, 1, 0], [0.1, 0.2, 0.3], 0.9, tmp_path)) == 5


def test_one_outcome_only_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(OneClassOnlyError):
        evaluation_plots([1, 1], [0.5, 0.6], 0.5, tmp_path / "plots")
    assert not (tmp_path / "plots").exists()


def test_a_picture_that_cannot_be_drawn_is_logged_and_left_out(
    tmp_path, monkeypatch, caplog
):
    def fail(*_):
        raise RuntimeError("no picture today")

    monkeypatch.setitem(plots.PLOTS, "gain", fail)
    paths = evaluation_plots(*scores(), 0.5, tmp_path)
    assert [path.stem for path in paths] == [
        "roc",
        "precision_recall",
        "calibration",
        "confusion",
    ]
    assert "picture gain" in caplog.text
