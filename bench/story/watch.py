"""Let the decision functions look at one window after the other, as the weekly drift analysis does."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pandas as pd

from bench.story.declared import KEY, LABEL, declared
from bench.story.models import LINEAR, Champion, train
from bench.story.systems import Story
from bench.story.tables import (
    known_outcomes,
    outcome_rows,
    stage_table,
    training_rows,
)
from include.decisions import Decisions
from include.monitoring.columns.assess import Analysis, compare_leads
from include.monitoring.columns.config import drift_config
from include.monitoring.columns.drift import ColumnDrift
from include.monitoring.model_drift import ModelDrift
from include.monitoring.performance import (
    FigureDrift,
    loss_limits,
    performance_drift,
    too_few,
)
from include.monitoring.prediction import prediction_drift
from include.monitoring.verdict import DriftVerdict, Evidence, assess_drift

FIRST = "capture"
"""Stage whose rows show inputs and scores: leads are there a few weeks before they come to the last one."""
LAST = "contact"
"""Stage whose champion's performance is looked at."""


@dataclass(frozen=True)
class Window:
    """Leads that arrived from `since` to `until`."""

    since: pd.Timestamp
    until: pd.Timestamp


@dataclass(frozen=True)
class Watched:
    """What is watched of one outcome.

    Attributes:
        outcome: its name.
        first: champion of the first stage.
        last: champion of the last stage.
        trained_at: moment of their training.
    """

    outcome: str
    first: Champion
    last: Champion
    trained_at: pd.Timestamp


@dataclass(frozen=True)
class Finding:
    """The verdict on one window and what it was found by, None where it holds too few leads."""

    window: Window
    verdict: DriftVerdict | None = None
    evidence: Evidence | None = None

    @property
    def triggers(self) -> tuple[str, ...]:
        """Return what calls for a new model."""
        return self.verdict.triggers if self.verdict else ()

    def notices(self, *kinds: str) -> bool:
        """Return whether one of these kinds of drift calls for a new model."""
        return self.retrains and bool(set(kinds) & set(self.triggers))

    @property
    def retrains(self) -> bool:
        """Return whether a new model is trained."""
        return self.verdict is not None and self.verdict.calls_for_retrain


class Watch:
    """The tables of one story that analyses read, each computed once."""

    def __init__(self, story: Story) -> None:
        """Compute the tables of the first and of the last stage."""
        self.decisions = Decisions()
        self._analyses: dict[tuple[pd.Timestamp, Window], Analysis] = {}
        self._tables = {
            stage: stage_table(story, stage) for stage in (FIRST, LAST)
        }
        self._outcomes = {
            name: outcome_rows(story, outcome).to_pandas()
            for name, outcome in declared().outcomes.items()
        }

    def trained(self, outcome: str, moment: pd.Timestamp) -> Watched:
        """Return the champions of an outcome by a training at a moment."""
        labels = known_outcomes(self._outcomes[outcome], moment)
        champions = {}
        for stage, table in self._tables.items():
            rows = training_rows(table, labels, moment)
            champions[stage] = train(outcome, stage, rows, LINEAR)
        return Watched(outcome, champions[FIRST], champions[LAST], moment)

    def findings(
        self, watched: Watched, windows: Iterable[Window]
    ) -> Iterator[Finding]:
        """Yield what each window comes to. Leads of a window with too few of them are looked at in the next one."""
        table = self._tables[FIRST]
        since = watched.trained_at
        for window in windows:
            is_current = (table["moment"] > since) & (
                table["moment"] <= window.until
            )
            current = table[is_current]
            if len(current) < self.decisions.min_drift_rows:
                yield Finding(window)
                continue
            since = window.until
            yield self._finding(watched, window, current)

    def _finding(
        self, watched: Watched, window: Window, current: pd.DataFrame
    ) -> Finding:
        champion = watched.first
        analysis = self._analysis(watched, window, current)
        model = ModelDrift(
            self._prediction(champion, current),
            self._performance(watched, window),
        )
        evidence = Evidence(analysis, model, analysis.outages)
        verdict = assess_drift(self.decisions, evidence)
        return Finding(window, verdict, evidence)

    def _analysis(
        self, watched: Watched, window: Window, current: pd.DataFrame
    ) -> Analysis:
        """Compare the columns, which are the same for every outcome, once."""
        key = (watched.trained_at, window)
        if key in self._analyses:
            return self._analyses[key]
        champion = watched.first
        self._analyses[key] = compare_leads(
            champion.rows,
            current,
            champion.contract,
            self.decisions.drift_share_threshold,
            self.decisions.outage_missing_jump,
        )
        return self._analyses[key]

    def _prediction(
        self, champion: Champion, current: pd.DataFrame
    ) -> ColumnDrift:
        reference = champion.reference_rows
        moving = [
            column.field
            for column in champion.contract.columns
            if column.seasonal
        ]
        return prediction_drift(
            champion.probabilities(reference.drop(columns=moving)),
            champion.probabilities(current.drop(columns=moving)),
            drift_config(),
        )

    def _performance(
        self, watched: Watched, window: Window
    ) -> tuple[FigureDrift, ...]:
        """Compare the last stage's champion on its holdout and on the newest outcomes that it has not learnt from."""
        champion = watched.last
        labels = known_outcomes(self._outcomes[watched.outcome], window.until)
        newer = labels[labels["known_at"] > watched.trained_at]
        newest = newer.sort_values("known_at").tail(
            self.decisions.performance_leads
        )
        table = self._tables[LAST]
        rows = table[table[KEY].isin(newest.index)]
        rows = rows.assign(**{LABEL: rows[KEY].map(newest["value"])})
        matured = champion.scored(rows, rows[LABEL])
        if too_few(self.decisions, matured.outcome):
            return ()
        return performance_drift(
            champion.holdout, matured, loss_limits(self.decisions)
        )


def windows_between(
    since: pd.Timestamp, until: pd.Timestamp, days: int
) -> Iterator[Window]:
    """Yield whole windows of so many days."""
    length = pd.Timedelta(days=days)
    start = since
    while start + length <= until:
        yield Window(start, start + length)
        start += length


def count_until(findings: Iterable[Finding], *kinds: str) -> int | None:
    """Return the number of the first window in which one of the kinds is noticed, from 1 on; None where none is."""
    for number, finding in enumerate(findings, start=1):
        if finding.notices(*kinds):
            return number
    return None
