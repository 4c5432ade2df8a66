"""Everything that one drift analysis found, and the verdict that follows from it."""

from dataclasses import asdict, dataclass, replace
from typing import Any

from include.monitoring.columns.assess import Analysis
from include.monitoring.columns.outage import Outage
from include.monitoring.model_drift import ModelDrift


@dataclass(frozen=True)
class Findings:
    """What is recorded of one analysis.

    Attributes:
        champion_version: whose training data is the reference.
        analysis: columns compared; None where the window holds too few leads for that.
        model: what the champion's scores show.
        outages: broken columns, and the window itself where leads are missing.
        triggers: which kinds of drift call for a new model: data, prediction, performance; none in an outage.
        current_rows: leads of the window.
        confirmed: whether so many analyses drifted that a new model is to be trained.
        confirmation: the count behind it, in words.
    """

    champion_version: str
    analysis: Analysis | None
    model: ModelDrift
    outages: tuple[Outage, ...]
    triggers: tuple[str, ...]
    current_rows: int
    confirmed: bool = False
    confirmation: str = ""

    @property
    def verdict(self) -> str:
        """An outage before everything else, drift if anything calls for a new model, else stable."""
        if self.outages:
            return "outage"
        return "drift" if self.triggers else "stable"

    @property
    def drifted_share(self) -> float:
        """Share of monitored columns that drifted, 0 where none was compared."""
        return self.analysis.report.drifted_share if self.analysis else 0.0

    def with_confirmation(self, confirmed: bool, in_words: str) -> "Findings":
        """The same findings, with what the debounce says of them."""
        return replace(self, confirmed=confirmed, confirmation=in_words)

    def summary(self) -> dict[str, Any]:
        """The figures that other tasks, alerts and reports need, small enough for XCom."""
        return {
            "verdict": self.verdict,
            "triggers": list(self.triggers),
            "confirmed": self.confirmed,
            "confirmation": self.confirmation,
            "drifted_share": round(self.drifted_share, 4),
            "drifted_columns": list(self.analysis.report.drifted_columns) if self.analysis else [],
            "outage_columns": [outage.column for outage in self.outages],
            "prediction_score": round(self.model.prediction.score, 4) if self.model.prediction else None,
            "performance_loss": {figure.name: round(figure.loss, 4) for figure in self.model.performance},
            "matured_rows": self.model.matured_rows,
            "reference_rows": self.analysis.reference_rows if self.analysis else 0,
            "current_rows": self.current_rows,
        }

    def details(self) -> dict[str, Any]:
        """The summary with everything behind it, for the report."""
        prediction = self.model.prediction
        return self.summary() | {
            "champion_version": self.champion_version,
            "outages": {outage.column: outage.detail for outage in self.outages},
            "prediction": asdict(prediction) if prediction else None,
            "performance": [asdict(figure) | {"drifted": figure.drifted} for figure in self.model.performance],
            "not_judged": dict(self.model.notes),
            "columns": self.analysis.table() if self.analysis else [],
            **(self.analysis.details() if self.analysis else {}),
        }


def conclude(
    champion_version: str,
    analysis: Analysis | None,
    model: ModelDrift,
    outages: tuple[Outage, ...],
    current_rows: int,
    watched: tuple[str, ...],
) -> Findings:
    """Puts the parts together; an outage has no triggers, because nothing must be retrained on it.

    Args:
        champion_version: as text.
        analysis: of the columns, None where too few leads arrived.
        model: of the champion's scores.
        outages: those of the columns, and of the window itself.
        current_rows: leads of the window.
        watched: kinds of drift that may call for a new model (setting `drift_triggers`).
    """
    data = ("data",) * (analysis is not None and analysis.verdict == "drift")
    triggers = tuple(kind for kind in (*data, *model.triggers) if kind in watched)
    return Findings(champion_version, analysis, model, outages, () if outages else triggers, current_rows)


NOTHING = {
    "verdict": "stable",
    "triggers": [],
    "confirmed": False,
    "confirmation": "",
    "drifted_share": 0.0,
    "drifted_columns": [],
    "outage_columns": [],
    "prediction_score": None,
    "performance_loss": {},
    "matured_rows": 0,
    "reference_rows": 0,
    "current_rows": 0,
    "report_uri": None,
    "mlflow_run_id": None,
    "mlflow_run_url": None,
}
"""The keys of every summary, as they are where nothing was analysed."""
