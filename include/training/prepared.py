"""Fit several settings on the same leads, and prepare the leads once for those that prepare them alike."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from imblearn.pipeline import Pipeline

from include.training.pipeline import MODEL_STEPS

Build = Callable[[Mapping[str, Any]], Pipeline]
"""Makes an unfitted pipeline of a family from parameters."""


@dataclass(frozen=True)
class FittedSetting:
    """A setting that was fitted on some leads and is to be judged on other ones.

    Attributes:
        place: of the setting among those that were asked for.
        model: its fitted steps from resampling on.
        matrix: the leads to judge on, as the model reads them.
    """

    place: int
    model: Pipeline
    matrix: Any

    @property
    def probability(self) -> np.ndarray:
        """Return the probability of each lead to judge on, shape (n,)."""
        return np.asarray(self.model.predict_proba(self.matrix)[:, 1])


def fitted_settings(
    build: Build,
    settings: Sequence[Mapping[str, Any]],
    rows: pd.DataFrame,
    target: pd.Series,
    weights: Mapping[str, pd.Series],
    unseen: pd.DataFrame,
) -> Iterator[FittedSetting]:
    """Fit settings one after the other; each gives what its whole pipeline, fitted alone, would give.

    Args:
        build: makes an unfitted pipeline from a setting.
        settings: to fit.
        rows: to learn from.
        target: outcome per row.
        weights: `Dataset.fit_params` of the rows.
        unseen: leads to judge on.
    """
    for places in _prepared_alike(settings).values():
        first = build(settings[places[0]])
        preparation = first[: -len(MODEL_STEPS)]
        learnt = preparation.fit_transform(rows, target)
        matrix = preparation.transform(unseen)
        for place in places:
            model = build(settings[place])[-len(MODEL_STEPS) :]
            model.fit(learnt, target, **weights)
            yield FittedSetting(place, model, matrix)


def _prepared_alike(
    settings: Sequence[Mapping[str, Any]],
) -> dict[tuple[Any, ...], list[int]]:
    """Return the parameters before the model to the places of the settings that have them."""
    alike: dict[tuple[Any, ...], list[int]] = {}
    for place, params in enumerate(settings):
        preparation = sorted(
            (name, value)
            for name, value in params.items()
            if name.split("__")[0] not in MODEL_STEPS
        )
        alike.setdefault(tuple(preparation), []).append(place)
    return alike
