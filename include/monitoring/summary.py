"""The summary of a drift analysis: the one model behind task result, JSON, tags, metrics, table rows and page."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, PlainSerializer

from include.contract.text import clean_text
from include.monitoring.columns.assess import Analysis
from include.monitoring.columns.config import drift_config
from include.monitoring.columns.drift import ColumnDrift
from include.monitoring.columns.spelling import MISSING, Spelling
from include.monitoring.performance import FigureDrift
from include.monitoring.segment_watch import SegmentDrift
from include.monitoring.verdict import DriftVerdict, Evidence

Rounded = Annotated[
    float,
    PlainSerializer(
        lambda value: round(value, 4), return_type=float, when_used="json"
    ),
]


class ColumnFigures(BaseModel):
    """One monitored column: its drift, and the missing shares of both sides in [0, 1].

    `seasonal` says that it moves by the calendar: then its drift does not count.
    """

    model_config = ConfigDict(
        frozen=True, extra="ignore", ser_json_inf_nan="constants"
    )

    column: str
    method: str
    score: float
    threshold: float
    drifted: bool
    error: float = 0.0
    seasonal: bool = False
    missing_reference: float
    missing_current: float


class SpellingFigures(BaseModel):
    """One level that is another one, only written differently.

    Attributes:
        column: field.
        level: as the current leads write it.
        stands_for: level that it was taken for, "missing" for an empty cell.
        rows: of the window.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    column: str
    level: str
    stands_for: str
    rows: int

    @property
    def shown(self) -> str:
        """Return the level as text in which a reader sees what is different; an invisible character by its number."""
        if clean_text(self.level) == clean_text(self.stands_for):
            return ascii(self.level)[1:-1]
        return self.level


class DriftSummary(DriftVerdict):
    """The verdict with the figures that other tasks and alerts need, small enough for XCom.

    Attributes:
        drifted_share: share of monitored columns that drifted, 0 where none was compared.
        drifted_columns: those columns.
        compared_columns: number of monitored columns that can count as drifted, 0 where none was compared.
        seasonal_columns: columns that have moved by the calendar, which does not count.
        outage_columns: columns that look broken; "(rows)" stands for a window without enough leads.
        outages: column to what is wrong with it, without values of leads.
        spelling_rows: column to leads whose level is only written differently; they were taken for what they stand for.
        columns_added: columns that the contract has gained since the champion was trained.
        columns_removed: columns that it has lost.
        prediction_score: distance of the champion's scores from those on its held-out leads, None if not compared.
        performance_loss: figure to how much worse it has become since the holdout.
        matured_rows: leads on which the champion's performance was looked at.
        reference_rows: rows of the champion's training snapshot.
        current_rows: leads of the window.
        champion_version: whose training data is the reference, "" while there is no champion.
        column_labels: field to what a sales rep calls it, of every column that is named above.
        report_uri: of the first report, None where nothing was analysed.
        mlflow_run_id: run that has the figures.
        mlflow_run_url: address of its page.
    """

    drifted_share: Rounded = 0.0
    drifted_columns: tuple[str, ...] = ()
    compared_columns: int = 0
    seasonal_columns: tuple[str, ...] = ()
    outage_columns: tuple[str, ...] = ()
    outages: dict[str, str] = {}
    spelling_rows: dict[str, int] = {}
    columns_added: tuple[str, ...] = ()
    columns_removed: tuple[str, ...] = ()
    prediction_score: Rounded | None = None
    performance_loss: dict[str, Rounded] = {}
    matured_rows: int = 0
    reference_rows: int = 0
    current_rows: int = 0
    champion_version: str = ""
    column_labels: dict[str, str] = {}
    report_uri: str | None = None
    mlflow_run_id: str | None = None
    mlflow_run_url: str | None = None


class DriftDetails(DriftSummary):
    """The summary with everything behind it, as summary.json has it.

    Attributes:
        run_id: run of the DAG.
        prediction: the drift of the champion's scores, None if not compared.
        performance: the champion's figures on matured leads beside those on its holdout.
        segments: the same for each segment with enough leads, which starts no retrain.
        not_judged: kind of drift to why it was not looked at.
        columns: every monitored column.
        rows: rows of the reference and of the window, where columns were compared.
        sampled_rows: values per column, at most, from which the scores come; None where no columns were compared.
        score_error: column to how far its score may be from that of all rows.
        judged_on_all_rows: columns too near their threshold for a score of fewer values.
        new_levels: column to levels that the reference does not know, with their rows.
        spelling: levels that are only written differently, the most frequent ones of each column.
        spelling_not_listed: column to the number of its spellings that are not among them.
    """

    run_id: str = ""
    prediction: ColumnDrift | None = None
    performance: tuple[FigureDrift, ...] = ()
    segments: tuple[SegmentDrift, ...] = ()
    not_judged: dict[str, str] = {}
    columns: tuple[ColumnFigures, ...] = ()
    rows: dict[str, int] = {}
    sampled_rows: int | None = None
    score_error: dict[str, float] = {}
    judged_on_all_rows: tuple[str, ...] = ()
    new_levels: dict[str, dict[str, int]] = {}
    spelling: tuple[SpellingFigures, ...] = ()
    spelling_not_listed: dict[str, int] = {}

    @property
    def summary(self) -> DriftSummary:
        """Return the part that tasks hand on."""
        fields = {
            name: getattr(self, name) for name in DriftSummary.model_fields
        }
        return DriftSummary(**fields)

    def labelled(self, labels: Mapping[str, str]) -> "DriftDetails":
        """Return the details with the labels of the columns that the summary names.

        Args:
            labels: field to label, of any columns.
        """
        named = [
            *self.drifted_columns,
            *self.seasonal_columns,
            *self.outage_columns,
            *self.spelling_rows,
            *self.columns_added,
            *self.columns_removed,
        ]
        column_labels = {
            field: labels[field] for field in named if field in labels
        }
        return self.model_copy(update={"column_labels": column_labels})


def describe(
    run_id: str,
    champion_version: str,
    current_rows: int,
    evidence: Evidence,
    verdict: DriftVerdict,
) -> DriftDetails:
    """Return the details of an analysis.

    Args:
        run_id: run of the DAG.
        champion_version: as text.
        current_rows: leads of the window.
        evidence: what the analysis found.
        verdict: what follows from it.
    """
    model = evidence.model
    details = DriftDetails(
        verdict=verdict.verdict,
        triggers=verdict.triggers,
        confirmed=verdict.confirmed,
        confirmation=verdict.confirmation,
        run_id=run_id,
        champion_version=champion_version,
        current_rows=current_rows,
        outage_columns=tuple(outage.column for outage in evidence.outages),
        outages={outage.column: outage.detail for outage in evidence.outages},
        columns_added=evidence.change.added,
        columns_removed=evidence.change.removed,
        prediction=model.prediction,
        prediction_score=model.prediction.score if model.prediction else None,
        performance=model.performance,
        segments=model.segments,
        performance_loss={
            figure.name: figure.loss for figure in model.performance
        },
        matured_rows=model.matured_rows,
        not_judged=dict(model.notes),
    )
    if evidence.analysis is None:
        return details
    analysis = evidence.analysis
    report = analysis.report
    compared = {
        "drifted_share": report.drifted_share,
        "drifted_columns": report.drifted_columns,
        "compared_columns": report.counted_columns,
        "seasonal_columns": report.seasonal_columns,
        "reference_rows": analysis.reference_rows,
        "rows": {
            "reference": analysis.reference_rows,
            "current": analysis.current_rows,
        },
        "columns": tuple(
            _figures(analysis, column) for column in report.columns
        ),
        "sampled_rows": analysis.sampled_rows,
        "score_error": {
            column.column: float(f"{column.error:.3g}")
            for column in report.columns
            if column.error
        },
        "judged_on_all_rows": report.exact_columns,
        "new_levels": analysis.new_levels,
        **_spelling(analysis.spelling),
    }
    return details.model_copy(update=compared)


def _spelling(
    spelling: Mapping[str, Sequence[Spelling]],
) -> dict[str, Any]:
    """Return the fields of the details about spelling: as many per column as drift.yaml lists, and how many more."""
    most = drift_config().spelling.listed
    listed = []
    for column, spellings in spelling.items():
        for entry in spellings[:most]:
            stands_for = MISSING
            if entry.stands_for is not None:
                stands_for = entry.stands_for
            listed.append(
                SpellingFigures(
                    column=column,
                    level=entry.level,
                    stands_for=stands_for,
                    rows=entry.rows,
                )
            )
    return {
        "spelling": tuple(listed),
        "spelling_rows": {
            column: sum(entry.rows for entry in spellings)
            for column, spellings in spelling.items()
        },
        "spelling_not_listed": {
            column: len(spellings) - most
            for column, spellings in spelling.items()
            if len(spellings) > most
        },
    }


def _figures(analysis: Analysis, column: ColumnDrift) -> ColumnFigures:
    return ColumnFigures(
        column=column.column,
        method=column.method,
        score=column.score,
        threshold=column.threshold,
        drifted=column.drifted,
        error=column.error,
        seasonal=column.seasonal,
        missing_reference=analysis.missing_reference[column.column],
        missing_current=analysis.missing_current[column.column],
    )
