"""Ask Evidently for the drift of every column of two prepared frames; verdicts are those of its own tests."""

from abc import ABC
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any

from evidently import DataDefinition, Dataset, Report
from evidently.core.metric_types import TestStatus
from evidently.legacy.model.widget import BaseWidgetInfo
from evidently.metrics.column_statistics import (
    ValueDrift,
    ValueDriftCalculation,
)
from evidently.presets import DataDriftPreset

from include.monitoring.columns.config import DriftConfig
from include.monitoring.columns.frames import Comparison


class _UndrawnDrift(ValueDriftCalculation, ABC):  # type: ignore[misc] # evidently is untyped
    """Evidently's drift of one column without a picture.

    The page of `DataDriftPreset` draws every column itself and never shows these pictures, which take a quarter of the
    time of a comparison.
    """

    def _render(self, *arguments: Any) -> list[BaseWidgetInfo]:
        """Return no picture. With ABC as a base, Evidently takes the class for no metric of its own."""
        return []


ValueDrift.__calculation_type__ = _UndrawnDrift


class _LateDrawing(DataDriftPreset, ABC):  # type: ignore[misc] # evidently is untyped
    """Evidently's preset, which draws its page once somebody asks for it.

    Drawing takes two thirds of a comparison, and most comparisons are made for their verdicts alone.
    """

    def render(self, *arguments: Any) -> list[BaseWidgetInfo]:
        """Return nothing yet."""
        return []

    def draw(self, snapshot: Any) -> None:
        """Put the page's pictures into a snapshot."""
        snapshot._widgets = super().render(snapshot.context)


NOTHING_COMPARED = "<html><body>\n<p>Every column holds one value, the same on both sides.</p></body></html>"
"""The page where no column was compared: Evidently divides by their number."""


@dataclass(frozen=True)
class ColumnDrift:
    """One column's verdict; whether a high or a low score means drift depends on the method.

    `error` bounds how far the score can be from that of all rows; 0 where it was computed on them. `seasonal` says that
    the column moves by the calendar, so that its drift does not count.
    """

    column: str
    method: str
    score: float
    threshold: float
    drifted: bool
    error: float = 0.0
    seasonal: bool = False

    @property
    def undecided(self) -> bool:
        """Return whether the verdict on all rows could be another one."""
        distance = abs(self.score - self.threshold)
        return self.error > 0 and distance <= self.error


@dataclass(frozen=True)
class DriftReport:
    """The verdict of every monitored column, and Evidently's own snapshot to render.

    There is no snapshot where no column was compared. `exact_columns` were compared again on all rows because their
    score on fewer values left the verdict open; the snapshot shows them on the fewer. `note` says so at the head of the
    page.
    """

    columns: tuple[ColumnDrift, ...]
    snapshot: Any = field(repr=False, compare=False)
    exact_columns: tuple[str, ...] = ()
    note: str = ""

    @property
    def drifted_columns(self) -> tuple[str, ...]:
        """Return the names of the columns whose drift test failed, without those that move by the calendar."""
        return tuple(
            column.column
            for column in self.columns
            if column.drifted and not column.seasonal
        )

    @property
    def seasonal_columns(self) -> tuple[str, ...]:
        """Return the names of the columns that have moved by the calendar."""
        return tuple(
            column.column
            for column in self.columns
            if column.drifted and column.seasonal
        )

    @property
    def counted_columns(self) -> int:
        """Return the number of columns that can count as drifted: all but those that move by the calendar."""
        return sum(not column.seasonal for column in self.columns)

    @property
    def drifted_share(self) -> float:
        """Return the share of monitored columns whose drift test failed, in [0, 1].

        Columns that hold one and the same value on both sides do not count, nor those that move by the calendar.
        Source: guide 19.2 ("Share of Drifted Columns").
        """
        if not self.counted_columns:
            return 0.0
        return len(self.drifted_columns) / self.counted_columns

    def html(self) -> str:
        """Return Evidently's report as one self-contained page (about 4 MB)."""
        if self.snapshot is None:
            return NOTHING_COMPARED
        (preset,) = self.snapshot.report.items()
        preset.draw(self.snapshot)
        page = str(self.snapshot.get_html_str(as_iframe=False))
        if not self.note:
            return page
        return page.replace("<body>", f"<body>\n<p>{escape(self.note)}</p>", 1)

    def json(self) -> str:
        """Return every metric and test of Evidently's report."""
        if self.snapshot is None:
            return "{}"
        return str(self.snapshot.json())


def detect_drift(
    comparison: Comparison, config: DriftConfig | None, drift_share: float = 0.5
) -> DriftReport:
    """Return Evidently's verdict on every column of `comparison`; of none where it has no column.

    Args:
        comparison: frames of `include.monitoring.columns.frames.compare_frames`.
        config: pinned methods and thresholds; None takes Evidently's own defaults, which depend on the row count.
        drift_share: share of drifted columns at which Evidently's page says that the data set has drifted.
    """
    if not (comparison.numeric or comparison.categorical):
        return DriftReport((), None)
    definition = DataDefinition(
        numerical_columns=list(comparison.numeric),
        categorical_columns=list(comparison.categorical),
    )
    report = Report(
        [_preset(config, drift_share, comparison.thresholds)],
        include_tests=True,
    )
    snapshot = report.run(
        Dataset.from_pandas(comparison.current, data_definition=definition),
        Dataset.from_pandas(comparison.reference, data_definition=definition),
    )
    return DriftReport(_verdicts(snapshot), snapshot)


def _preset(
    config: DriftConfig | None,
    drift_share: float,
    thresholds: Mapping[str, float],
) -> _LateDrawing:
    if config is None:
        return _LateDrawing(drift_share=drift_share)
    return _LateDrawing(
        drift_share=drift_share,
        num_method=config.numeric.method,
        num_threshold=config.numeric.threshold,
        cat_method=config.categorical.method,
        cat_threshold=config.categorical.threshold,
        per_column_threshold=dict(thresholds),
    )


def _verdicts(snapshot: Any) -> tuple[ColumnDrift, ...]:
    """Return the status of each column's own test, with the score that it is about."""
    scores = {
        metric["id"]: metric["value"] for metric in snapshot.dict()["metrics"]
    }
    verdicts = []
    for test in snapshot.tests_results:
        params = test.metric_config.params
        if "column" not in params:
            continue
        verdict = ColumnDrift(
            column=params["column"],
            method=params["method"],
            score=float(scores[test.metric_config.metric_id]),
            threshold=float(params["threshold"]),
            drifted=test.status is TestStatus.FAIL,
        )
        verdicts.append(verdict)
    return tuple(verdicts)
