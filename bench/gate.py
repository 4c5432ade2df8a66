"""How often does the gate promote? Simulated holdouts of the real size, judged by the real rules and bootstrap.

`python -m bench.gate --json`: each simulation draws leads, two models' scores, twins and segments, and asks `judge`
under `superiority`. aa: both models equally good, as two seeds of one recipe on the same data. better / worse: the
challenger's ROC-AUC 0.01 above / below the champion's, as two different families. A promotion needs every rule: gain,
Brier, segments and floors. The last line has the contact stage's rates; capture_better is the capture stage's power.

`python -m bench.gate --leads Leads.csv` measures on a real file what the simulation's constants stand for.
"""

import argparse
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.pool import Pool
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import expit, logit
from scipy.stats import norm

from bench._table import last_line, show
from bench._training import read_leads
from include.contract import KnownAt, decisions_of, load_contract
from include.decisions import Decisions
from include.promotion.compare import gate_report
from include.promotion.gate import judge
from include.promotion.gate_report import Change
from include.promotion.paired import paired_changes
from include.settings import settings
from include.training.data.dataset import make_dataset
from include.training.pipeline import build_pipeline

ROWS, POSITIVE, THRESHOLD = 1848, 0.385, 0.5
PAIRS = (
    ("lightgbm", 0),
    ("lightgbm", 1),
    ("xgboost", 0),
    ("logistic_regression", 0),
    ("random_forest", 0),
)
SHARES = (
    (0.41, 0.50, 0.09), (0.21, 0.27, 0.42, 0.10), (0.29, 0.68, 0.03), (0.39, 0.13, 0.11, 0.10, 0.09, 0.18),
    (0.81, 0.19), (0.31, 0.60, 0.09), (0.31, 0.69), (0.42, 0.45, 0.13),
)  # fmt: skip
"""Levels of the segment fields of the real holdout, rounded."""


@dataclass(frozen=True)
class Spread:
    """A stage as the simulation knows it: normal scores within each outcome, calibrated probabilities.

    Attributes:
        stage: whose floors apply.
        auc: ROC-AUC of the better model.
        seeds: correlation, within an outcome, of the scores of two seeds of a recipe.
        families: the same of two families.
        pair_gain: gain of the real pair of families that `families` was set by.
        twins: sizes of the groups of identical rows on the real holdout, those of one lead left out.
    """

    stage: KnownAt
    auc: float
    seeds: float
    families: float
    pair_gain: float
    twins: tuple[int, ...]


# Correlations are those at which the bootstrap's deviation of the gain is that of a real pair of models with the same
# gain: two seeds of LightGBM, and LightGBM over random forest (contact) and over logistic regression (capture).
CONTACT = Spread(
    KnownAt.CONTACT,
    0.985,
    0.99,
    0.70,
    0.005,
    (148, 27, 13, 12, 12, 11, 8, 6, 6, 6, 5, 4, *[3] * 3, *[2] * 24),
)
CAPTURE = Spread(
    KnownAt.CAPTURE,
    0.88,
    0.99,
    0.94,
    0.0104,
    (200, 24, 14, 9, 9, 8, 7, 4, *[3] * 6, *[2] * 10),
)


QUESTIONS = (
    (CONTACT, "aa"),
    (CONTACT, "better"),
    (CONTACT, "worse"),
    (CAPTURE, "better"),
)


@dataclass(frozen=True)
class Holdout:
    """One simulated holdout: outcome and both models' probabilities per lead, group of twins, segment fields."""

    outcome: np.ndarray
    champion: np.ndarray
    challenger: np.ndarray
    groups: np.ndarray
    fields: pd.DataFrame


def draw(
    spread: Spread,
    champion: float,
    challenger: float,
    correlation: float,
    seed: int,
) -> Holdout:
    """A holdout on which the models' ROC-AUC is, on average, `champion` and `challenger`.

    A group of twins shares its scores; the outcome of each twin is drawn from what both scores together say.
    """
    random = np.random.default_rng(seed)
    sizes = [*spread.twins, *[1] * (ROWS - sum(spread.twins))]
    groups = np.repeat(np.arange(len(sizes)), sizes)
    means = np.sqrt(2) * norm.ppf([champion, challenger])
    within = np.array([[1, correlation], [correlation, 1]])
    kind = random.random(len(sizes)) < POSITIVE
    scores = kind[:, None] * means + random.multivariate_normal(
        [0, 0], within, len(sizes)
    )
    weights = np.linalg.solve(within, means)
    said = logit(POSITIVE) + scores @ weights - means @ weights / 2
    probability = expit(logit(POSITIVE) + scores * means - means**2 / 2)[groups]
    fields = {
        str(n): random.choice(len(shares), ROWS, p=shares).astype(str)
        for n, shares in enumerate(SHARES)
    }
    outcome = (random.random(ROWS) < expit(said)[groups]).astype(int)
    return Holdout(
        outcome,
        probability[:, 0],
        probability[:, 1],
        groups,
        pd.DataFrame(fields),
    )


def judged(
    spread: Spread,
    champion: float,
    challenger: float,
    correlation: float,
    seed: int,
) -> tuple[bool, bool]:
    """Whether the gate promotes on one simulated holdout, and whether the gain alone would have been enough."""
    one = draw(spread, champion, challenger, correlation, seed)
    scored = (one.challenger, THRESHOLD), (one.champion, THRESHOLD)
    report = gate_report(
        _decisions(),
        "superiority",
        "roc_auc",
        one.outcome,
        *scored,
        one.groups,
        one.fields,
        spread.stage,
    )
    verdict = judge(report)
    return verdict.promote, verdict.rules[0].passed


def simulate(
    pool: Pool, spread: Spread, question: str, simulations: int
) -> np.ndarray:
    """What `judged` says of each simulation of one question, shape (n, 2)."""
    low, high = spread.auc - 0.01, spread.auc
    champion, challenger, correlation = {
        "aa": (high, high, spread.seeds),
        "better": (low, high, spread.families),
        "worse": (high, low, spread.families),
    }[question]
    jobs = [
        (spread, champion, challenger, correlation, seed)
        for seed in range(simulations)
    ]
    return np.array(pool.starmap(judged, jobs))


def measure(path: Path) -> list[list[object]]:
    """Pairs of real models on the real holdout: gain, and the deviations that its and the Brier score's bounds mean."""
    contract, rows = load_contract(settings().contract), list[list[object]]()
    leads = read_leads(path, contract)
    for stage in (KnownAt.CONTACT, KnownAt.CAPTURE):
        data = make_dataset(leads, contract, stage, {})
        learn, (unseen, outcome) = data.split != "holdout", data.part("holdout")
        scores = {}
        for family, seed in PAIRS:
            made = build_pipeline(
                _decisions(),
                contract,
                family,
                stage,
                {"model__random_state": seed},
            )
            fitted = made.fit(data.frame[learn], data.target[learn])
            scores[f"{family}, seed {seed}"] = fitted.predict_proba(unseen)[
                :, 1
            ].astype(float)
        (_, first), *others = scores.items()
        for name, other in others:
            change = paired_changes(
                outcome,
                (other, THRESHOLD),
                (first, THRESHOLD),
                data.groups[~learn],
                "roc_auc",
            )
            rows.append(
                [
                    str(stage),
                    name,
                    len(unseen),
                    change["roc_auc"].value,
                    *deviations(change),
                ]
            )
    return rows


def deviations(change: Mapping[str, Change]) -> list[float]:
    """The standard deviations that one-sided 95 % bounds mean."""
    return [
        float((one.upper - one.lower) / 2 / norm.ppf(0.95))
        for one in change.values()
    ]


def simulated(holdouts: int = 30) -> list[list[object]]:
    """The same figures of the simulation, over some holdouts."""
    rows: list[list[object]] = []
    for spread in (CONTACT, CAPTURE):
        for name, gain, correlation in (
            ("seeds", 0.0, spread.seeds),
            ("families", spread.pair_gain, spread.families),
        ):
            found = []
            for seed in range(holdouts):
                one = draw(
                    spread, spread.auc - gain, spread.auc, correlation, seed
                )
                scored = (one.champion, THRESHOLD), (one.challenger, THRESHOLD)
                change = paired_changes(
                    one.outcome, *scored, one.groups, "roc_auc"
                )
                found.append([change["roc_auc"].value, *deviations(change)])
            rows.append(
                [
                    str(spread.stage),
                    f"simulated {name}",
                    ROWS,
                    *np.mean(found, axis=0),
                ]
            )
    return rows


def _decisions() -> Decisions:
    """What is decided about the default contract's leads."""
    now = settings()
    return decisions_of(now, load_contract(now.contract))


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--simulations", type=int, default=200)
    parser.add_argument(
        "--leads",
        type=Path,
        help="CSV of leads to measure on, instead of the simulations",
    )
    parser.add_argument(
        "--json",
        action="store_true",
        help="end with one JSON object on the last line",
    )
    asked = parser.parse_args(arguments)
    if asked.leads:
        columns = ("stage", "against", "leads", "gain", "deviation", "of Brier")
        show(
            "Gain in ROC-AUC of LightGBM, seed 0",
            columns,
            [*measure(asked.leads), *simulated()],
        )
        return
    started = time.monotonic()
    with get_context("spawn").Pool(2) as pool:
        found = {
            (spread, name): simulate(pool, spread, name, asked.simulations)
            for spread, name in QUESTIONS
        }
    rows = [
        [str(spread.stage), name, *verdicts.mean(axis=0)]
        for (spread, name), verdicts in found.items()
    ]
    show(
        f"Promoted, of {asked.simulations} each",
        ("stage", "challenger", "by the gate", "by the gain alone"),
        rows,
    )
    result = {
        f"{'capture_' * (spread is CAPTURE)}{name}_promoted": float(
            verdicts[:, 0].mean()
        )
        for (spread, name), verdicts in found.items()
    }
    last_line(
        {
            **result,
            "simulations": asked.simulations,
            "seconds": round(time.monotonic() - started, 1),
        },
        asked.json,
    )


if __name__ == "__main__":
    main()
