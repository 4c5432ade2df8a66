"""Train the model families for one outcome at one stage, with the parts of a training: search, choice, holdout."""

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import pandas as pd

from include.contract import Contract, KnownAt, decisions_of
from include.settings import settings
from include.training.choice import choose
from include.training.data.dataset import Dataset, make_dataset
from include.training.errors import UNTRAINABLE
from include.training.families import FAMILIES
from include.training.fit import fit_family, refit
from include.training.recipe import from_dict, to_dict
from onboarding.judging import judge, top_features

PROCESSES = 2
SLOWEST_FIRST = (
    "lightgbm",
    "xgboost",
    "random_forest",
    "logistic_regression",
    "decision_tree",
)
"""So the two processes end at about the same time."""


def try_stage(
    contract: Contract, stage: KnownAt, leads: pd.DataFrame, later: pd.DataFrame
) -> list[str]:
    """Return the figures of every family, and of the chosen one beside a plain rule and chance, line by line.

    Args:
        contract: as the outcome sees it.
        stage: whose columns the models may see.
        leads: to learn from, and to judge on their holdout.
        later: to judge on as leads of the future; those without an outcome are left out.
    """
    if not contract.features(stage):
        return [f"\n{stage}: the contract has no column known by then"]
    decisions = decisions_of(settings(), contract)
    try:
        data = make_dataset(leads, contract, stage, {})
        results = train_families(contract, stage, data)
    except UNTRAINABLE as error:
        return [f"\n{stage}: no model can be trained: {error}"]
    choice = choose(results, decisions.primary_metric, decisions.split)
    recipe = from_dict(choice.winner)
    learnt = data.split != "holdout"
    model = refit(decisions, contract, recipe, data, learnt, stage)
    lines = [
        f"\nstage {stage}: {choice.reason}",
        *_family_lines(results, recipe.family),
    ]
    rows, outcome = data.part("holdout")
    known = data.frame[learnt], data.target[learnt]
    lines += judge("holdout", contract, stage, model, known, rows, outcome)
    final = later[later[contract.label].notna()]
    if len(final):
        target = final[contract.label].astype(int)
        lines += judge(
            "later leads", contract, stage, model, known, final, target
        )
    lines.append(
        f"top features: {top_features(contract, stage, model, rows, outcome)}"
    )
    return lines


def train_families(
    contract: Contract, stage: KnownAt, data: Dataset
) -> list[dict[str, Any]]:
    """Return what a training returns of every family, in the families' order; two of them at a time."""
    families = sorted(FAMILIES, key=_slowness)
    with ProcessPoolExecutor(
        PROCESSES, mp_context=get_context("spawn")
    ) as pool:
        tasks = {
            family: pool.submit(train_one, contract, stage, data, family)
            for family in families
        }
        return [tasks[family].result() for family in FAMILIES]


def _slowness(family: str) -> int:
    return SLOWEST_FIRST.index(family) if family in SLOWEST_FIRST else -1


def train_one(
    contract: Contract, stage: KnownAt, data: Dataset, family: str
) -> dict[str, Any]:
    """Return the figures and the recipe of a family, as a training does."""
    decisions = decisions_of(settings(), contract)
    fit = fit_family(decisions, contract, family, data, stage)
    return {"metrics": fit.metrics, **to_dict(fit.recipe)}


def _family_lines(results: Sequence[dict[str, Any]], chosen: str) -> list[str]:
    lines = [
        f"  {'family':22}{'ROC-AUC':>9}{'PR-AUC':>9}{'F1':>9}  on leads not seen"
    ]
    for result in results:
        metrics = result["metrics"]
        mark = " <- chosen" if result["family"] == chosen else ""
        lines.append(
            f"  {result['family']:22}{metrics['unseen_roc_auc']:9.4f}{metrics['unseen_pr_auc']:9.4f}"
            f"{metrics['unseen_f1']:9.4f}{mark}"
        )
    return lines
