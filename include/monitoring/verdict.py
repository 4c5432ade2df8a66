"""Decide, in this one place, what a drift analysis comes to; branch, alerts, tables and pages read the verdict."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, model_validator

from include.decisions import Decisions
from include.monitoring.columns.assess import Analysis
from include.monitoring.columns.outage import Outage
from include.monitoring.contract_change import UNCHANGED, ContractChange
from include.monitoring.debounce import in_words, is_confirmed
from include.monitoring.model_drift import ModelDrift

VerdictName = Literal[
    "no_champion", "not_enough_data", "stable", "drift", "outage"
]
Trigger = Literal["contract", "data", "prediction", "performance"]


@dataclass(frozen=True)
class Evidence:
    """Everything that one analysis has found.

    Attributes:
        analysis: the columns compared; None where the window holds too few leads for that.
        model: what the champion's scores show.
        outages: broken columns, and the window itself where leads are missing.
        change: columns that the contract has gained or lost since the champion was trained.
    """

    analysis: Analysis | None = None
    model: ModelDrift = ModelDrift()
    outages: tuple[Outage, ...] = ()
    change: ContractChange = UNCHANGED


class DriftVerdict(BaseModel):
    """What an analysis comes to, and whether a new model is to be trained.

    Attributes:
        verdict: "no_champion", "not_enough_data", "stable", "drift" or "outage".
        triggers: what calls for a new model: contract, data, prediction, performance; nothing in an outage.
        confirmed: whether it is certain enough to train one. A changed contract is; of a drift, so many of the newest
            analyses must have found one.
        confirmation: why it is confirmed, or is not, in words.
    """

    model_config = ConfigDict(
        frozen=True, extra="ignore", ser_json_inf_nan="constants"
    )

    verdict: VerdictName
    triggers: tuple[Trigger, ...] = ()
    confirmed: bool = False
    confirmation: str = ""

    @model_validator(mode="before")
    @classmethod
    def _read_verdict_without_confirmation(cls, values: Any) -> Any:
        """Take a drift as confirmed where a verdict of an earlier version does not say."""
        if isinstance(values, Mapping) and "confirmed" not in values:
            return {**values, "confirmed": values.get("verdict") == "drift"}
        return values

    @property
    def calls_for_retrain(self) -> bool:
        """Whether a new model is to be trained: there is none, or a confirmed reason."""
        return self.verdict == "no_champion" or self.confirmed

    @property
    def drift_confirmed(self) -> bool:
        """Whether a drift was found that is confirmed."""
        return self.verdict == "drift" and self.confirmed


def assess_drift(
    decisions: Decisions, evidence: Evidence, earlier: Sequence[str] = ()
) -> DriftVerdict:
    """Return the verdict that follows from what an analysis has found.

    An outage comes before everything else and has no triggers, because nothing must be retrained on it.

    Args:
        decisions: which kinds of drift call for a new model, and how often a drift must be found.
        evidence: of this analysis.
        earlier: verdicts of the analyses before this one, newest first.
    """
    triggers = () if evidence.outages else _triggers(decisions, evidence)
    name = _name(evidence, triggers)
    verdicts = [name, *earlier]
    least = decisions.drift_debounce_k
    newest = decisions.drift_debounce_n
    confirmed = is_confirmed(verdicts, least, newest)
    confirmation = in_words(verdicts, least, newest)
    if "contract" in triggers:
        confirmed = True
        confirmation = str(evidence.change)
    return DriftVerdict(
        verdict=name,
        triggers=triggers,
        confirmed=confirmed,
        confirmation=confirmation,
    )


def _name(evidence: Evidence, triggers: tuple[Trigger, ...]) -> VerdictName:
    if evidence.outages:
        return "outage"
    return "drift" if triggers else "stable"


def _triggers(decisions: Decisions, evidence: Evidence) -> tuple[Trigger, ...]:
    """Return what calls for a new model: a changed contract always does, a drift if its kind is watched."""
    triggers: list[Trigger] = []
    if evidence.change:
        triggers.append("contract")
    if (
        "data" in decisions.drift_triggers
        and evidence.analysis is not None
        and evidence.analysis.drifted
    ):
        triggers.append("data")
    triggers.extend(
        kind
        for kind in evidence.model.triggers
        if kind in decisions.drift_triggers
    )
    return tuple(triggers)
