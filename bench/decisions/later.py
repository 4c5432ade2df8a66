"""Judge the choice of a model by what came later: UCI Bank Marketing, cut by its own clock."""

from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from bench._bank import FILE, bank_contract, bank_leads
from include.contract import KnownAt, decisions_of
from include.evaluation.evaluate import evaluate_classification_model
from include.settings import settings
from include.training.choice import choose
from include.training.data.dataset import make_dataset
from include.training.families import FAMILIES
from include.training.fit import fit_family, refit
from include.training.recipe import from_dict, to_dict
from onboarding.judging import precision_at_top

LATER = 8239
"""Rows of the published comparison: the newest ones."""
CUTS = (0.5, 0.6, 0.7, 0.8)
QUICK = ("logistic_regression", "decision_tree")
QUICK_EVERY = 8
"""Of so many calls the quick run takes one."""


def calls(quick: bool) -> pd.DataFrame:
    """Return the calls in the order of time: all of them, or every eighth."""
    leads = bank_leads()
    return leads.iloc[::QUICK_EVERY] if quick else leads


@lru_cache(maxsize=8)
def trained(rows: int, quick: bool) -> tuple[str, dict[str, pd.Series]]:
    """Train on the first rows as the system does.

    Args:
        rows: how many of the oldest calls to learn from.
        quick: whether to try the two fastest families only.

    Returns:
        The chosen family, and family to the probabilities of all later rows.
    """
    contract = bank_contract()
    decisions = decisions_of(settings(), contract)
    leads = calls(quick)
    stage = KnownAt.CONTACT
    data = make_dataset(leads.iloc[:rows], contract, stage, {})
    later = leads.iloc[rows:]
    results: list[dict[str, Any]] = []
    probabilities: dict[str, pd.Series] = {}
    for family in QUICK if quick else FAMILIES:
        fit = fit_family(decisions, contract, family, data, stage)
        result = {"metrics": fit.metrics, **to_dict(fit.recipe)}
        results.append(result)
        model = refit(
            decisions,
            contract,
            from_dict(result),
            data,
            data.split != "holdout",
            stage,
        )
        probabilities[family] = pd.Series(
            model.predict_proba(later)[:, 1], index=later.index
        )
    choice = choose(results, decisions.primary_metric, decisions.split)
    print(f"{rows} rows: {choice.reason}", flush=True)
    return choice.winner["family"], probabilities


def uci_later(quick: bool) -> dict[str, float | str]:
    """Return the figures of the chosen champion on the newest 8,239 calls, after a training on all older ones."""
    if not FILE.exists():
        return {}
    leads = calls(quick)
    later = LATER // QUICK_EVERY if quick else LATER
    family, probabilities = trained(len(leads) - later, quick)
    outcome = leads[bank_contract().label].to_numpy()[-later:]
    probability = probabilities[family].to_numpy()
    figures = evaluate_classification_model(outcome, probability, 0.5)
    return {
        "family": family,
        "roc_auc": figures["roc_auc"],
        "pr_auc": figures["pr_auc"],
        "precision_top_20": precision_at_top(outcome, probability),
        "mean_probability": float(probability.mean()),
        "rate": float(outcome.mean()),
    }


def uci_chosen_gap(quick: bool) -> dict[str, float]:
    """Return how far the chosen family is behind the best one on all later calls, after 50, 60, 70 and 80 % of them.

    The figures are differences in ROC-AUC: one for each cut, `mean` and `worst`.
    """
    if not FILE.exists():
        return {}
    leads = calls(quick)
    outcome = leads[bank_contract().label]
    gaps: dict[str, float] = {}
    for share in CUTS[-1:] if quick else CUTS:
        rows = int(share * len(leads))
        family, probabilities = trained(rows, quick)
        areas = {
            name: evaluate_classification_model(
                outcome.iloc[rows:], probability, 0.5
            )["roc_auc"]
            for name, probability in probabilities.items()
        }
        print(f"{rows} rows: {areas}", flush=True)
        gaps[f"after_{share:.0%}"] = max(areas.values()) - areas[family]
    values = list(gaps.values())
    return {**gaps, "mean": float(np.mean(values)), "worst": max(values)}
