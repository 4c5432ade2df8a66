"""SHAP values and margins of tree champions: ours (include/trees) beside LightGBM's, XGBoost's and shap's own.

`python -m bench.trees [--json]` fits a LightGBM and an XGBoost champion of the contact stage with the settings of
search.yaml, then asks every way for the same values of 1, 1,000 and 100,000 leads. All ways take turns, on one thread;
a figure is the least processor time of all turns, so that a busy machine does not matter much. `include.trees` keeps
what is at least three times faster than the library (docs/models.md).
"""

import argparse
import os
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

os.environ["OMP_NUM_THREADS"] = "1"  # before any library below reads it

import numpy as np
import shap
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline
from xgboost import DMatrix

from bench._table import last_line, show
from bench._training import add_leads_argument, read_leads
from include.contract import Contract, KnownAt, decisions_of, load_contract
from include.evaluation.tiers import TIERS
from include.features.calibration import Decision
from include.features.preprocess import source_fields
from include.settings import settings
from include.training.data.dataset import make_dataset
from include.training.fit import refit
from include.training.recipe import Recipe
from include.trees.tree_shap import TreeShap
from include.trees.tree_sums import TreeSums

SIZES = (1, 1_000, 100_000)
TURNS = {1: 200, 1_000: 5, 100_000: 1}
"""How often each way is asked for so many leads."""
OURS = "ours"
SAME = 1e-4
"""Largest difference between two ways; the libraries' own single precision is about 1e-6."""

Floats = NDArray[np.float64]
Way = Callable[[Floats], Floats]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_leads_argument(parser)
    parser.add_argument(
        "--sizes", type=int, nargs="+", default=SIZES, help="numbers of leads"
    )
    parser.add_argument(
        "--json", action="store_true", help="one JSON object on the last line"
    )
    arguments = parser.parse_args()
    warnings.simplefilter(
        "ignore", UserWarning
    )  # shap's, on every call, about the shape of LightGBM's values
    contract = load_contract(settings().contract)
    leads = read_leads(Path(arguments.leads), contract)
    result: dict[str, float] = {}
    for family, ways_of in (
        ("lightgbm", lightgbm_ways),
        ("xgboost", xgboost_ways),
    ):
        pipeline, matrix = champion(contract, leads, family)
        for figure, ways in ways_of(pipeline).items():
            for size in arguments.sizes:
                seconds = least_seconds(
                    ways, repeated(matrix, size), TURNS.get(size, 1)
                )
                result.update(
                    {
                        f"{family} {figure}, {size} leads, {way}": best
                        for way, best in seconds.items()
                    }
                )
    show(
        "Processor time of trees, one thread",
        ("figure", "ms", "times ours"),
        table(result),
    )
    last_line(result, arguments.json)


def champion(
    contract: Contract, leads: Any, family: str
) -> tuple[Pipeline, Floats]:
    """Return a fitted pipeline of the contact stage, and the matrix that its classifier sees of the leads."""
    data = make_dataset(leads, contract, KnownAt.CONTACT, {})
    recipe = Recipe(family, {}, "none", Decision("f1", 0.5, TIERS))
    rows = data.split != "holdout"
    pipeline = refit(
        decisions_of(settings(), contract),
        contract,
        recipe,
        data,
        rows,
        KnownAt.CONTACT,
    )
    matrix = np.asarray(pipeline[:-1].transform(leads), dtype=np.float64)
    return pipeline, matrix


def lightgbm_ways(pipeline: Pipeline) -> dict[str, dict[str, Way]]:
    """Return the ways to the values and to the margins of a LightGBM champion."""
    classifier = pipeline[-1].classifier
    booster = classifier.booster_
    explainer, sums, trees = explained(pipeline)
    return {
        "values": {
            OURS: trees.of_leads,
            "pred_contrib": lambda matrix: (
                booster.predict(matrix, pred_contrib=True, num_threads=1)[
                    :, :-1
                ]
                @ sums
            ),
            "shap": lambda matrix: by_shap(explainer, matrix) @ sums,
        },
        "margins": {
            OURS: TreeSums.of(explainer.model).margins,
            "predict": lambda matrix: booster.predict(
                matrix, raw_score=True, num_threads=1
            ),
        },
    }


def xgboost_ways(pipeline: Pipeline) -> dict[str, dict[str, Way]]:
    """Return the ways to the values of an XGBoost champion."""
    booster = pipeline[-1].classifier.get_booster()
    booster.set_param({"nthread": 1})
    explainer, sums, trees = explained(pipeline)
    return {
        "values": {
            OURS: trees.of_leads,
            "pred_contribs": lambda matrix: (
                booster.predict(
                    DMatrix(matrix, nthread=1),
                    pred_contribs=True,
                    validate_features=False,
                )[:, :-1]
                @ sums
            ),
            "shap": lambda matrix: by_shap(explainer, matrix) @ sums,
        }
    }


def explained(pipeline: Pipeline) -> tuple[Any, Floats, TreeShap]:
    """Return shap's explainer of a champion, the matrix that adds columns up to fields, and our trees."""
    sources = source_fields(pipeline[:-1])
    fields = list(dict.fromkeys(sources))
    places = [fields.index(source) for source in sources]
    explainer = shap.TreeExplainer(pipeline[-1].classifier)
    return (
        explainer,
        np.eye(len(fields))[places],
        TreeShap.of(explainer.model, places),
    )


def by_shap(explainer: Any, matrix: Floats) -> Floats:
    """Return shap's values by column of the matrix."""
    return np.asarray(explainer.shap_values(matrix, check_additivity=False))


def repeated(matrix: Floats, leads: int) -> Floats:
    """Return the rows of a matrix as often as so many leads need."""
    return np.resize(matrix, (leads, matrix.shape[1]))


def least_seconds(
    ways: Mapping[str, Way], matrix: Floats, turns: int
) -> dict[str, float]:
    """Return each way's least processor time; stops where two ways differ."""
    best: dict[str, float] = {}
    for _ in range(turns):
        values: dict[str, Floats] = {}
        for name, way in ways.items():
            started = time.process_time()
            values[name] = way(matrix)
            seconds = time.process_time() - started
            best[name] = min(seconds, best.get(name, seconds))
        for name, other in values.items():
            if not np.allclose(other, values[OURS], atol=SAME):
                raise SystemExit(
                    f"{name} and ours differ by {np.abs(other - values[OURS]).max()}"
                )
    return best


def table(result: Mapping[str, float]) -> Sequence[Sequence[object]]:
    """Return a row for each figure: its milliseconds, and how many times ours that is."""
    rows: list[list[object]] = []
    for figure, seconds in result.items():
        ours = result[f"{figure.rpartition(', ')[0]}, {OURS}"]
        rows.append([figure, f"{seconds * 1000:,.2f}", f"{seconds / ours:.1f}"])
    return rows


if __name__ == "__main__":
    main()
