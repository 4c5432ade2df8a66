"""Say how good a model is on leads, beside a plain rule and chance, and which columns it lives on."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from include.contract import Contract, KnownAt
from include.evaluation.evaluate import evaluate_classification_model
from include.evaluation.intervals import (
    brier_interval,
    chance_roc_auc,
    ranking,
    roc_auc_interval,
)

TOP = 0.2
"""Share of the leads that a sales team may call."""
BINS = 20
SHUFFLED_ROWS = 2000
FEATURES_NAMED = 8


@dataclass(frozen=True)
class Rule:
    """What a person would do without a model: rank leads by the rates of one column.

    Attributes:
        field: of the column.
        probability: of the leads to judge, shape (n,).
    """

    field: str
    probability: np.ndarray


def judge(
    title: str,
    contract: Contract,
    stage: KnownAt,
    model: Any,
    known: tuple[pd.DataFrame, "pd.Series[int]"],
    rows: pd.DataFrame,
    outcome: "pd.Series[int]",
) -> list[str]:
    """Return the model's figures on some leads, beside those of a plain rule and of chance."""
    target = outcome.to_numpy()
    rate = float(target.mean())
    if rate in (0, 1):
        return [f"{title}: all {len(target)} leads have one outcome"]
    probability = model.predict_proba(rows)[:, 1].astype("float64")
    rule = best_rule(contract, stage, *known, rows)
    figures = _figures(target, probability)
    of_rule = _figures(target, rule.probability)
    area = roc_auc_interval(target, probability)
    brier = brier_interval(target, probability)
    chance = {
        "roc_auc": 0.5,
        "pr_auc": rate,
        "brier": rate * (1 - rate),
        "precision_top_20": rate,
        "mean_probability": rate,
    }
    intervals = {
        "roc_auc": f"{area.lower:.4f} to {area.upper:.4f}",
        "brier": f"{brier.lower:.4f} to {brier.upper:.4f}",
    }
    surely = chance_roc_auc(int(target.sum()), int((1 - target).sum()))
    lines = [
        f"{title}: {len(target):,} leads, {rate:.1%} of them positive; plain rule: the rates by {rule.field}",
        f"  {'':22}{'model':>9}{'rule':>9}{'chance':>9}  interval of the model",
    ]
    for name, value in chance.items():
        lines.append(
            f"  {name:22}{figures[name]:9.4f}{of_rule[name]:9.4f}{value:9.4f}  {intervals.get(name, '')}".rstrip()
        )
    if area.lower <= surely:
        lines.append(
            f"  not surely better than chance, which stays below {surely:.3f} with so few leads"
        )
    return lines


def _figures(target: np.ndarray, probability: np.ndarray) -> dict[str, float]:
    figures = evaluate_classification_model(target, probability, 0.5)
    figures["precision_top_20"] = precision_at_top(target, probability)
    figures["mean_probability"] = float(probability.mean())
    return figures


def precision_at_top(outcome: np.ndarray, probability: np.ndarray) -> float:
    """Return the rate of conversion among the fifth of the leads with the highest probabilities, one lead at least.

    Args:
        outcome: 0 or 1, shape (n,).
        probability: shape (n,).
    """
    count = max(1, round(len(outcome) * TOP))
    best_first = np.argsort(-probability, kind="stable")
    return float(outcome[best_first[:count]].mean())


def best_rule(
    contract: Contract,
    stage: KnownAt,
    known: pd.DataFrame,
    target: "pd.Series[int]",
    rows: pd.DataFrame,
) -> Rule:
    """Return the rates of the column that ranks the leads learnt from best, alone.

    Args:
        contract: what a lead is.
        stage: whose columns may be used.
        known: leads to learn from.
        target: their outcomes.
        rows: leads to judge.
    """
    best = Rule("nothing", np.full(len(rows), target.mean()))
    best_area = 0.5
    for column in contract.features(stage):
        if column.type == "string":
            continue
        learnt, judged = _binned(known[column.field], rows[column.field])
        rates = target.groupby(learnt.to_numpy()).mean()
        scores = learnt.map(rates).to_numpy(dtype="float64")
        area = ranking(target.to_numpy(), scores).roc_auc
        if area > best_area:
            probability = judged.map(rates).fillna(target.mean())
            best = Rule(column.field, probability.to_numpy(dtype="float64"))
            best_area = area
    return best


def _binned(
    known: pd.Series, judged: pd.Series
) -> tuple["pd.Series[str]", "pd.Series[str]"]:
    """Return levels as texts; numbers in 20 bins with as many known leads each."""
    if not pd.api.types.is_numeric_dtype(known):
        return known.fillna("").astype(str), judged.fillna("").astype(str)
    shares = np.linspace(0, 1, BINS + 1)[1:-1]
    edges = np.unique(known.dropna().quantile(shares).to_numpy())
    return _cut(known, edges), _cut(judged, edges)


def _cut(values: pd.Series, edges: np.ndarray) -> "pd.Series[str]":
    numbers = values.to_numpy(dtype="float64")
    bins = pd.Series(np.digitize(numbers, edges), index=values.index)
    return bins.where(values.notna(), -1).astype(str)


def top_features(
    contract: Contract,
    stage: KnownAt,
    model: Any,
    rows: pd.DataFrame,
    outcome: "pd.Series[int]",
) -> str:
    """Return the features whose shuffling costs the most ROC-AUC, with what it costs. Source: Breiman 2001."""
    rows = rows.iloc[:SHUFFLED_ROWS]
    target = outcome.to_numpy()[:SHUFFLED_ROWS]
    if len(set(target)) < 2:
        return "too few leads to tell"
    random = np.random.default_rng(0)
    order = random.permutation(len(rows))
    whole = ranking(target, model.predict_proba(rows)[:, 1]).roc_auc
    losses: dict[str, float] = {}
    for column in contract.features(stage):
        shuffled = rows.copy()
        shuffled[column.field] = rows[column.field].to_numpy()[order]
        probability = model.predict_proba(shuffled)[:, 1]
        losses[column.field] = whole - ranking(target, probability).roc_auc
    best = sorted(losses, key=lambda field: -losses[field])[:FEATURES_NAMED]
    named = [
        f"{field} ({losses[field]:.3f})" for field in best if losses[field] > 0
    ]
    return ", ".join(named) or "none"
