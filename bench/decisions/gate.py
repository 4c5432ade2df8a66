"""How often does the gate promote, at which share converted? Generated pairs of models, judged by the real rules.

Each holdout has 8,000 leads and five segment fields with levels from 30 to 4,000 leads, one of which goes with the
outcome. Scores are normal within each outcome; both models' errors have the correlation CORRELATION, as measured on
two families of models on one data set (`bench.gate`, capture stage: .94). Two equally good models are two seeds of a
recipe at .99 there; here they are two families too, which differ more. Floors play no part.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit, logit
from scipy.stats import norm

from include.contract import KnownAt
from include.decisions import Decisions
from include.promotion.compare import gate_report
from include.promotion.gate import judge
from include.promotion.gate_report import Verdict

RATES = {"38": 0.38, "11": 0.11, "3": 0.03}
AUC = 0.88
DIFFERENCE = 0.01
CORRELATION = 0.94
LEVELS = (
    (4000, 2000, 1000, 600, 250, 120, 30),
    (3500, 2500, 1200, 500, 207, 63, 30),
    (2000, 2000, 1500, 1500, 800, 150, 50),
    (4000, 3200, 400, 200, 100, 70, 30),
    (3000, 2600, 1300, 700, 300, 70, 30),
)
"""Leads of each level of each segment field, of 8,000."""
ROWS = 8000
REPEATS = 100
QUICK_ROWS = 1500
QUICK_REPEATS = 5
QUESTIONS = {
    "aa": (AUC, AUC),
    "better": (AUC - DIFFERENCE, AUC),
    "worse": (AUC, AUC - DIFFERENCE),
}
"""ROC-AUC of champion and challenger."""


@dataclass(frozen=True)
class Holdout:
    """One generated holdout: outcome and both models' probabilities per lead, and the segment fields."""

    outcome: np.ndarray
    champion: np.ndarray
    challenger: np.ndarray
    fields: pd.DataFrame


def gate(quick: bool = False) -> dict[str, float]:
    """Return the share of challengers that are promoted; of aa and worse the highest of the three shares converted."""
    rates = promotion_rates(quick)
    result = {
        "aa": max(rates["aa", name] for name in RATES),
        "worse": max(rates["worse", name] for name in RATES),
    }
    for name in RATES:
        result[f"better_{name}"] = rates["better", name]
    return result


def promotion_rates(quick: bool) -> dict[tuple[str, str], float]:
    """Return the share promoted for each question and share converted; the seeds are the numbers of the repeats."""
    repeats = QUICK_REPEATS if quick else REPEATS
    rows = QUICK_ROWS if quick else ROWS
    rates = {}
    for name, rate in RATES.items():
        for question, (champion, challenger) in QUESTIONS.items():
            promoted = 0
            for seed in range(repeats):
                holdout = draw(rows, rate, champion, challenger, seed)
                promoted += decide(holdout).promote
            rates[question, name] = promoted / repeats
    return rates


def draw(
    rows: int, rate: float, champion: float, challenger: float, seed: int
) -> Holdout:
    """Return a holdout on which the models' ROC-AUC is, on average, `champion` and `challenger`.

    Probabilities are calibrated: each is the share converted among leads with that score.
    """
    random = np.random.default_rng(seed)
    outcome = (random.random(rows) < rate).astype(int)
    means = np.sqrt(2) * norm.ppf([champion, challenger])
    covariance = [[1, CORRELATION], [CORRELATION, 1]]
    errors = random.multivariate_normal([0, 0], covariance, rows)
    scores = outcome[:, None] * means + errors
    probability = expit(logit(rate) + scores * means - means**2 / 2)
    return Holdout(
        outcome,
        probability[:, 0],
        probability[:, 1],
        segment_fields(outcome, random),
    )


def segment_fields(
    outcome: np.ndarray, random: np.random.Generator
) -> pd.DataFrame:
    """Return five fields; leads that convert are more frequent in the later levels of the first."""
    rows = len(outcome)
    fields = {}
    for number, sizes in enumerate(LEVELS):
        edges = np.cumsum(sizes)[:-1] * rows / ROWS
        order = random.normal(size=rows)
        if number == 0:
            order += 0.5 * outcome
        places = np.argsort(np.argsort(order))
        levels = np.searchsorted(edges, places, side="right")
        fields[f"field {number}"] = levels.astype(str)
    return pd.DataFrame(fields)


def decide(holdout: Holdout) -> Verdict:
    """Return the gate's verdict without floors, under the rule for an ordinary run."""
    report = gate_report(
        Decisions(),
        "superiority",
        "roc_auc",
        holdout.outcome,
        (holdout.challenger, 0.5),
        (holdout.champion, 0.5),
        np.arange(len(holdout.outcome)),
        holdout.fields,
        KnownAt.CONTACT,
    )
    return judge(report.model_copy(update={"floors": {}, "chance": None}))
