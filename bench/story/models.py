"""Train a model of one outcome at one stage as the project does, without Airflow and MLflow."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from bench.story.declared import flat_contract
from include.contract import Contract, KnownAt
from include.decisions import Decisions
from include.monitoring.performance import Scored
from include.training.choice import choose
from include.training.data.dataset import Dataset, make_dataset
from include.training.data.splits import assign_split
from include.training.fit import fit_family, refit
from include.training.recipe import Recipe, from_dict, to_dict

FAMILIES = ("logistic_regression", "lightgbm")
"""Of the five families a linear and a boosted one: all of them take an hour where these take minutes."""

LINEAR = ("logistic_regression",)


@dataclass(frozen=True)
class Champion:
    """A model in service.

    Attributes:
        outcome: that it predicts.
        stage: at which it scores.
        contract: of its table.
        data: the labelled leads of its snapshot, with their sides.
        rows: all leads of its snapshot, open ones too.
        recipe: what the search chose.
        pipeline: fitted on all leads but the holdout.
    """

    outcome: str
    stage: str
    contract: Contract
    data: Dataset
    rows: pd.DataFrame
    recipe: Recipe
    pipeline: Pipeline

    def probabilities(self, rows: pd.DataFrame) -> np.ndarray:
        """Return the probability of the outcome for each row, shape (rows,)."""
        scores = self.pipeline.predict_proba(rows)[:, 1]
        return np.asarray(scores, dtype="float64")

    @cached_property
    def reference_rows(self) -> pd.DataFrame:
        """Return the leads of its snapshot that it has not learnt from, open ones too.

        A model of `approved` learns from leads that converted, and scores all. Its scores of new leads are compared
        with those of all leads.
        """
        stage = KnownAt(self.stage)
        rows = self.rows.reset_index(drop=True)
        sides = assign_split(rows, self.contract, stage)
        return rows[sides == "holdout"]

    @cached_property
    def holdout(self) -> Scored:
        """Return its holdout with its scores."""
        rows, outcome = self.data.part("holdout")
        return self.scored(rows, outcome)

    def scored(self, rows: pd.DataFrame, outcome: pd.Series) -> Scored:
        """Return rows with an outcome and their scores."""
        return Scored(
            outcome.to_numpy(dtype="float64"),
            self.probabilities(rows),
            self.recipe.decision.threshold,
        )


def train(
    outcome: str,
    stage: str,
    rows: pd.DataFrame,
    families: Sequence[str] = FAMILIES,
) -> Champion:
    """Return the champion that a training on these rows gives.

    Args:
        outcome: name of it.
        stage: of the rows.
        rows: columns of the flat contract; leads without an outcome are not learnt from.
        families: to choose from.
    """
    contract = flat_contract(outcome)
    known_at = KnownAt(stage)
    decisions = Decisions()
    data = make_dataset(rows, contract, known_at, {})
    results: list[dict[str, Any]] = []
    for family in families:
        fit = fit_family(decisions, contract, family, data, known_at)
        results.append({"metrics": fit.metrics, **to_dict(fit.recipe)})
    choice = choose(results, decisions.primary_metric, decisions.split)
    print(f"{outcome} at {stage}: {choice.reason}", flush=True)
    recipe = from_dict(choice.winner)
    mask = data.split != "holdout"
    pipeline = refit(decisions, contract, recipe, data, mask, known_at)
    return Champion(outcome, stage, contract, data, rows, recipe, pipeline)
