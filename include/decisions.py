"""What the business decides about a data set: floors, policies, costs, tiers, and the limits of drift and gate.

A contract says it in its block `decisions:`. A deployment overrules single fields with environment variables
(`include.settings`, `LEADS_…`). What neither names has the default that stands here.
"""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Share = Annotated[float, Field(ge=0, le=1)]
Floors = dict[
    Literal["accuracy", "precision", "recall", "f1", "roc_auc", "pr_auc"], Share
]


class Decisions(BaseModel):
    """Hold what the business decides: floors, policies, costs, tiers, and the limits of drift and gate."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_quarantined_share: float = Field(
        0.05, ge=0, le=1, description="the quality gate stops a load above it"
    )
    max_superseded_share: float = Field(
        0.05,
        ge=0,
        le=1,
        description="the quality gate stops a load if different rows of one file with the same key are a larger share "
        "of the file",
    )
    drift_share_threshold: float = Field(
        0.3,
        ge=0,
        le=1,
        description="share of drifted columns that starts a retrain",
    )
    min_drift_rows: int = Field(
        200,
        ge=1,
        description="with fewer current rows than this there is no verdict",
    )
    outage_missing_jump: float = Field(
        0.5,
        ge=0,
        le=1,
        description="jump in a column's missing share called an outage",
    )
    outage_row_share: float = Field(
        0.2,
        ge=0,
        le=1,
        description="a window with at most this share of the leads it should hold is an outage",
    )
    drift_triggers: tuple[Literal["data", "prediction", "performance"], ...] = (
        Field(
            ("data", "prediction", "performance"),
            description="kinds of drift that start a retrain; a kind that is left out is not assessed",
        )
    )
    drift_debounce_k: int = Field(
        1,
        ge=1,
        description="a retrain needs drift in so many of the newest n analyses",
    )
    drift_debounce_n: int = Field(
        1,
        ge=1,
        description="how many of the newest analyses of a DAG are counted",
    )
    label_maturity_days: float = Field(
        30.0,
        ge=0,
        description="days from ingestion until an outcome is taken as final",
    )
    performance_leads: int = Field(
        2000,
        ge=1,
        description="performance is measured on so many of the newest matured leads",
    )
    min_matured_leads: int = Field(
        200,
        ge=1,
        description="with fewer matured leads than this, performance is not assessed",
    )
    min_matured_per_outcome: int = Field(
        30, ge=2, description="the same, for the leads of either outcome"
    )
    max_auc_drop: float = Field(
        0.03,
        ge=0,
        le=1,
        description="loss of ROC-AUC since the holdout that starts a retrain",
    )
    max_brier_rise: float = Field(
        0.03,
        ge=0,
        le=1,
        description="rise of the Brier score that starts a retrain",
    )
    max_precision_drop: float = Field(
        0.1, ge=0, le=1, description="loss of precision that starts a retrain"
    )

    primary_metric: Literal["roc_auc", "pr_auc", "f1"] = Field(
        "roc_auc",
        description="figure in which a challenger must be better than the champion",
    )
    floors_contact: Floors = Field(
        {},
        description="least figures on the holdout that a model of the stage may serve with, as JSON; empty follows the "
        "data: the model must be better than chance on the holdout (docs/gate.md)",
    )
    floors_engagement: Floors = Field(
        {}, description="the same for engagement, which knows less than contact"
    )
    floors_capture: Floors = Field(
        {}, description="the same for capture, which knows least"
    )
    champion_max_age_days: float = Field(
        180.0,
        gt=0,
        description="an older champion may be replaced by an equal model",
    )
    gate_refresh_margin: float = Field(
        0.005,
        ge=0,
        le=1,
        description="rule refresh: loss that must be ruled out",
    )
    gate_brier_margin: float = Field(
        0.005,
        ge=0,
        le=1,
        description="rise of the Brier score that must be ruled out",
    )
    gate_segment_rows: int = Field(
        150,
        ge=1,
        description="segments of the holdout with fewer leads are too small to say",
    )
    gate_segment_loss: float = Field(
        0.02,
        ge=0,
        le=1,
        description="largest sure loss of any segment: rise of its Brier score, as a share of rate × (1 − rate)",
    )

    split: Literal["auto", "random", "time"] = Field(
        "auto",
        description="by which leads families and settings are compared. random: random folds. time: the newest leads, "
        "each window after a fit on everything older; the newest fifth is held out for the gate. auto: random folds, "
        "unless the newest leads contradict them",
    )
    max_missing_share: float = Field(
        1.0,
        ge=0,
        le=1,
        description="a feature missing more often is dropped; guide: 0.4",
    )
    threshold_policy: str = Field(
        "f1",
        description="f1, precision_biased, cost or capacity=N (of every 1,000 leads)",
    )
    false_positive_hours: float = Field(
        1.0,
        gt=0,
        description="policy cost: hours lost on a call that leads to nothing",
    )
    missed_lead_hours: float = Field(
        2.0,
        gt=0,
        description="policy cost: hours that a missed conversion is worth",
    )
    tier_policy: Literal["ranked", "fixed", "threshold"] = Field(
        "ranked",
        description="where tiers A-D begin. ranked: A and B are predicted to convert, and A holds half of the "
        "conversions expected of both; C and D the same of all others. fixed: at the scores 80, 50, 20, 0. threshold: "
        "B at the model's threshold, A half-way from there to 100, C at half of it",
    )

    feedback_labels: Literal["off", "open_only", "correct"] = Field(
        "open_only",
        description="what a training does with outcomes that reps report: nothing, label leads that are open in the "
        "warehouse, or overrule the warehouse's label too",
    )
    feedback_rep_share: float = Field(
        0.02,
        ge=0,
        le=1,
        description="largest share of the labelled leads whose training label any one caller (API key) may change",
    )
    feedback_weight: float = Field(
        1.0,
        gt=0,
        le=100,
        description="weight in training of a lead whose label most reps confirm; 1 has no effect",
    )

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        if self.drift_debounce_k > self.drift_debounce_n:
            raise ValueError(
                f"drift_debounce_k is {self.drift_debounce_k} of drift_debounce_n {self.drift_debounce_n}, so no drift "
                "would ever be confirmed; set LEADS_DRIFT_DEBOUNCE_K to at most LEADS_DRIFT_DEBOUNCE_N"
            )
        return self
