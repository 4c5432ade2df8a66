"""Train the model families on a file of leads, with no server at hand, and say how good the chosen one is.

The parts are those of the training: the same search, the same choice, the same holdout.
"""

import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from include.contract import Contract, KnownAt, decisions_of, load_contract
from include.contract.model import SCORING_STAGES
from include.evaluation.evaluate import evaluate_classification_model
from include.evaluation.intervals import (
    brier_interval,
    chance_roc_auc,
    ranking,
    roc_auc_interval,
)
from include.settings import settings
from include.training.choice import choose
from include.training.data.dataset import Dataset, make_dataset
from include.training.errors import UNTRAINABLE
from include.training.families import FAMILIES
from include.training.fit import fit_family, refit
from include.training.recipe import from_dict, to_dict
from onboarding.errors import TryError
from onboarding.leads import read_leads

PROCESSES = 2
TOP = 0.2
"""Share of the leads that a sales team may call."""
BINS = 20
SHUFFLED_ROWS = 2000
FEATURES_NAMED = 8
SLOWEST_FIRST = (
    "random_forest",
    "xgboost",
    "lightgbm",
    "decision_tree",
    "logistic_regression",
)


@dataclass(frozen=True)
class Rule:
    """What a person would do without a model: rank leads by the rates of one column.

    Attributes:
        field: of the column.
        probability: of the leads to judge, shape (n,).
    """

    field: str
    probability: np.ndarray


def try_file(
    name: str, path: Path, every_stage: bool = False, leave_last: int = 0
) -> str:
    """Return what a training on the file would give, as text.

    Args:
        name: of the contract, or the path of its file.
        path: of the file of leads.
        every_stage: whether to try all stages, not contact alone.
        leave_last: so many rows at the end of the file are left out and judged apart, as leads of the future.

    Raises:
        TryError: the file does not fit, or no model can be trained on it.
    """
    started = time.monotonic()
    contract = load_contract(name)
    if contract.unify:
        raise TryError(
            f"{name} has sources, and models are tried on one file of leads only; `make contract CHECK={name} "
            f"CSV=folder` says what a load would do, `make demo CONTRACT={name}` trains models"
        )
    leads = read_leads(path, contract)
    lines = [
        f"{path.name}: {leads.rows:,} rows, {len(leads.frame):,} of them readable"
    ]
    lines += [
        f"  rejected: {rule} ({rows} rows)"
        for rule, rows in leads.rejected.items()
    ]
    if not 0 <= leave_last < len(leads.frame):
        raise TryError(
            f"--leave-last {leave_last} leaves no lead to learn from"
        )
    cut = len(leads.frame) - leave_last
    stages = SCORING_STAGES if every_stage else (KnownAt.CONTACT,)
    for stage in stages:
        lines += _try_stage(
            contract, stage, leads.frame.iloc[:cut], leads.frame.iloc[cut:]
        )
    lines.append(f"{time.monotonic() - started:.0f} s")
    return "\n".join(lines)


def _try_stage(
    contract: Contract, stage: KnownAt, leads: pd.DataFrame, later: pd.DataFrame
) -> list[str]:
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
    lines += _judge("holdout", contract, stage, model, known, rows, outcome)
    final = later[later[contract.label].notna()]
    if len(final):
        target = final[contract.label].astype(int)
        lines += _judge(
            "later leads", contract, stage, model, known, final, target
        )
    lines.append(f"top features: {_top(contract, stage, model, rows, outcome)}")
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


def _judge(
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


def _top(
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
