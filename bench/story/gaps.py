"""Compare champions with the best possible score, and see which features drive them."""

from dataclasses import dataclass

import pandas as pd

from bench.story.declared import KEY
from bench.story.models import Champion
from demo.story.story import roc_auc
from include.evaluation.explain import explain

EXPLAINED_ROWS = 2000


@dataclass(frozen=True)
class Gap:
    """How far a champion is behind the best possible score.

    Attributes:
        people: on which both are judged.
        best: ROC-AUC of the true probability.
        model: ROC-AUC of the champion.
    """

    people: int
    best: float
    model: float

    @property
    def gap(self) -> float:
        """Return how much ROC-AUC is missing."""
        return self.best - self.model


def gap(champion: Champion, people: pd.DataFrame) -> Gap:
    """Compare a champion with the true probabilities, on the people of its holdout.

    Both are judged by what truly came of the people, by their first records: a person whose events went to somebody
    else counts with the score that they got.

    Args:
        champion: of one outcome and stage.
        people: the truth of all people, with `lead_key`.
    """
    rows, _ = champion.data.part("holdout")
    scores = pd.Series(champion.probabilities(rows), index=rows[KEY])
    score = people["lead_key"].map(scores)
    best = people[f"p_{champion.outcome}_{champion.stage}"]
    truth = people[champion.outcome]
    is_judged = score.notna() & best.notna() & truth.notna()
    if champion.outcome == "approved":
        is_judged &= people["converted"]
    labels = truth[is_judged].to_numpy(dtype=bool)
    return Gap(
        people=len(labels),
        best=roc_auc(best[is_judged].to_numpy(), labels),
        model=roc_auc(score[is_judged].to_numpy(), labels),
    )


def importance(champion: Champion) -> pd.Series:
    """Return the mean absolute SHAP value of each feature, largest first."""
    rows, _ = champion.data.part("holdout")
    background, _ = champion.data.part("validation")
    return explain(
        champion.pipeline,
        rows,
        background.head(EXPLAINED_ROWS),
        limit=EXPLAINED_ROWS,
    ).importance
