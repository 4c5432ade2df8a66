"""The record of a promotion decision: the one model behind its JSON file, tags, page, table row and task result."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from include.promotion.gate_report import Change, GateReport, Rule, RuleName

APPROVE = "Approve"
"""The answer that promotes; any other one keeps the champion."""
LONGEST_TAG = 5000
"""Letters that every version of MLflow's server keeps of a tag; a reason names a level of leads, which may be long."""


class _Recorded(BaseModel):
    """A part of a record; keys that it does not know, as earlier versions of the project wrote them, are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Figures(_Recorded):
    """The figures of both models on the holdout; `champion` is None where there was none."""

    challenger: dict[str, float] = {}
    champion: dict[str, float] | None = None


class Segment(_Recorded):
    """Both models on one segment of the holdout; an old record may not say by which metric, and has no bounds."""

    field: str
    level: str
    rows: int
    metric: str | None = None
    challenger: float
    champion: float
    change: float
    positives: int | None = None
    lower: float | None = None
    upper: float | None = None
    too_small: str | None = None


class RecordedInterval(_Recorded):
    """A figure of the challenger on the holdout with the ends of its interval, each one-sided 95 %."""

    metric: str
    value: float
    lower: float
    upper: float


class RecordedSnapshot(_Recorded):
    """The snapshot on whose holdout both models were scored."""

    uri: str
    run_id: str | None = None
    rows: int | None = None
    sha256: str | None = None


class Approval(_Recorded):
    """A person's answer to the question whether to promote.

    Attributes:
        asked_at: when the question was put.
        answered_at: when it was answered, or when the time ran out.
        by: who answered, None where nobody did in time.
        choice: the answer; without one the default.
        started_by: who started the run, None where no person did and in older records.
        refused: why the answer does not count, None where it does.
    """

    asked_at: str
    answered_at: str | None
    by: str | None
    choice: str
    started_by: str | None = None
    refused: str | None = None

    @property
    def approved(self) -> bool:
        """Whether the challenger may be promoted."""
        return self.choice == APPROVE and self.refused is None

    def judged(self, started_by: str | None, four_eyes: bool) -> "Approval":
        """Return the answer with who started the run, refused where the same person may not answer.

        Args:
            started_by: the person, None for a run of the schedule, which nobody has started.
            four_eyes: whether somebody else has to approve.
        """
        refused = None
        if four_eyes and self.choice == APPROVE and self.by == started_by:
            refused = f"{self.by} started the run, and promotion.four_eyes asks for somebody else"
        return self.model_copy(
            update={"started_by": started_by, "refused": refused}
        )

    def __str__(self) -> str:
        """Return the answer in one line, as the version's tag has it."""
        person = self.by or "nobody"
        line = f"{self.choice} by {person} at {self.answered_at}"
        return f"{line}, refused: {self.refused}" if self.refused else line


class DecisionSummary(_Recorded):
    """The part of a record that tasks hand on to each other; small enough for XCom.

    Attributes:
        decision_id: name of the decision, the same however often its tasks are repeated.
        verdict: "promote" or "keep" by the gate, "rollback" by a person.
        rule: which rules judged the challenger; None for a rollback, as everything about the gate.
        why_rule: why it is that rule.
        mode: the promotion mode.
        model: registered model.
        version: the challenger; of a rollback the version that serves again, None until it does.
        champion_version: the champion at that moment, None where there was none.
        files_sha256: digest of the version's files, None in older records and for a version that has none.
        stage: capture, engagement or contact.
        reasons: why, in words.
        rules: every rule with its figure.
        gain: change in the primary metric, None where there was no champion.
        metrics: figures of both models.
        holdout_rows: leads of the holdout on which both models were scored.
        report_uri: where the record lies.
    """

    decision_id: str | None = None
    verdict: Literal["promote", "keep", "rollback"]
    rule: RuleName | None = None
    why_rule: str | None = None
    mode: str | None = None
    model: str
    version: str | None = None
    champion_version: str | None = None
    files_sha256: str | None = None
    stage: str
    reasons: tuple[str, ...]
    rules: tuple[Rule, ...] = ()
    gain: Change | None = None
    metrics: Figures = Figures()
    holdout_rows: int | None = None
    report_uri: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the fields that were set, ready for JSON; a rollback says nothing about rules and figures."""
        return self.model_dump(mode="json", exclude_unset=True)


class DecisionRecord(DecisionSummary):
    """Everything about one decision.

    Attributes:
        decided_at: moment of the decision, ISO 8601.
        approval: a person's answer, None before it and where nobody was asked.
        segments: both models on every segment of the holdout; `too_small` says of which nothing can be said.
        report: what the gate judged and `gate.replay` judges again. A report of another format is read as it is,
            so that its record can still be shown.
        holdout_positives: leads of the holdout that converted, None in older records.
        interval: ROC-AUC of the challenger with its interval, None in older records.
        left_out_rows: leads that were left out because the champion had learnt from them, None where nobody can tell.
        snapshot: where those leads lie.
    """

    decided_at: str | None = None
    approval: Approval | None = None
    segments: tuple[Segment, ...] = ()
    report: GateReport | JsonValue = Field(None, union_mode="left_to_right")
    holdout_positives: int | None = None
    interval: RecordedInterval | None = None
    left_out_rows: int | None = None
    snapshot: RecordedSnapshot | None = None

    # An answer is written into a record that another version of the project may have made: nothing of it gets lost.
    model_config = ConfigDict(frozen=True, extra="allow")

    @property
    def summary(self) -> DecisionSummary:
        """Return the part that tasks hand on."""
        names = self.model_fields_set & DecisionSummary.model_fields.keys()
        fields = {name: getattr(self, name) for name in names}
        return DecisionSummary(**fields)

    @property
    def tags(self) -> dict[str, str]:
        """Return the gist of the decision, as tags of the version that was judged."""
        tags = {
            "gate_verdict": self.verdict,
            "gate_rule": self.rule or "",
            "gate_reason": "; ".join(self.reasons)[:LONGEST_TAG],
            "gate_record": self.report_uri,
        }
        if self.approval:
            tags["gate_approval"] = str(self.approval)
        return tags
