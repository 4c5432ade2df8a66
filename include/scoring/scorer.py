"""The scorer of one champion: from leads to probability, score, tier, prediction and reasons."""

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.pipeline import Pipeline

from include.contract import Contract, KnownAt
from include.features.attribution import Attribution
from include.features.calibration import CalibratedModel, Decision
from include.features.errors import NotExplainableError, UntypedPipelineError
from include.features.lead_encoder import Columns, LeadEncoder
from include.features.preprocess import source_fields
from include.features.tiers import (
    PROBABILITY_DIGITS,
    predictions_by,
    score_of,
    tiers_by,
)
from include.registry.errors import ModelUnreadableError, NoChampionError
from include.registry.ledger import ChampionLedger
from include.registry.models import load_pipeline
from include.registry.registry import (
    ChampionInfo,
    lost_champion,
    standing,
)
from include.registry.tracking import connect
from include.scoring.errors import ChampionUnusableError
from include.scoring.leads.frames import to_columns
from include.scoring.reasons import Reasons
from include.scoring.scores import Scores, as_frame
from include.settings import Settings
from include.trees.pieces import in_pieces

if TYPE_CHECKING:
    from include.trees.tree_sums import TreeSums

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Scorer:
    """One champion, loaded. Scoring changes nothing in it, so threads may share it.

    Attributes:
        champion: the registered version.
        stage: the scoring stage it is the champion of.
        contract: what a lead is.
        pipeline: from raw columns to a calibrated probability.
        encoder: its steps before the model.
        reasons: None for a classifier that has no fast SHAP values.
        sums: LightGBM's trees; None for any other classifier, and without numba: then the classifier is asked itself.
    """

    champion: ChampionInfo
    stage: KnownAt
    contract: Contract = field(repr=False)
    pipeline: Pipeline = field(repr=False)
    encoder: LeadEncoder = field(repr=False)
    reasons: Reasons | None = field(repr=False)
    sums: "TreeSums | None" = field(repr=False)

    @property
    def decision(self) -> Decision:
        """Policy, threshold and tiers, which the model brings along."""
        return self.model.decision

    @property
    def model(self) -> CalibratedModel:
        """The pipeline's last step, from its matrix to a calibrated probability."""
        last: CalibratedModel = self.pipeline[-1]
        return last

    def score(self, frame: pd.DataFrame, reasons: int = 0) -> pd.DataFrame:
        """Score leads, one row out for each row in, in the same order and with the same index.

        Args:
            frame: leads with business headers or contract fields as columns; absent columns count as missing.
            reasons: how many to give for each direction; 0 gives no column `reasons`, and is several times faster.

        Returns:
            Columns: the contract's key, score (0-100), probability, prediction (0 or 1) and tier by the model's own
            decision, stage, model_version and, if asked for, reasons (a list of `include.scoring.score_row.Reason`;
            None where the model has no fast SHAP values).
        """
        leads = to_columns(self.contract, frame)
        scores = self.score_columns(leads, len(frame), reasons)
        return as_frame(scores, frame.index)

    def score_columns(
        self, leads: Columns, rows: int, reasons: int = 0
    ) -> Scores:
        """Do the same without frames, for leads as `to_columns` gives them."""
        if not rows:
            return self._no_scores(reasons)
        typed = self.encoder.typed(leads, rows)
        matrix = self.encoder.matrix(typed, rows)
        probability = np.round(self._probability(matrix), PROBABILITY_DIGITS)
        scores = self._scores(leads, rows, probability)
        if reasons and self.reasons:
            scores["reasons"] = self.reasons.top(typed, matrix, reasons)
        elif reasons:
            scores["reasons"] = [None] * rows
        return scores

    def _no_scores(self, reasons: int) -> Scores:
        """Return the columns of scores without any lead."""
        scores = self._scores({}, 0, np.empty(0))
        if reasons:
            scores["reasons"] = []
        return scores

    def _probability(self, matrix: Any) -> NDArray[np.float64]:
        """Return the calibrated probability of each lead, shape (leads,)."""
        if self.sums:
            margins = self.sums.margins(matrix)
            return self.model.calibration(expit(margins))
        return in_pieces(self.model.positive, matrix)

    def _scores(
        self, leads: Columns, rows: int, probability: NDArray[np.float64]
    ) -> Scores:
        """Return the columns of `include.scoring.score_row.Score`, reasons aside, after the leads' keys."""
        score = score_of(probability)
        prediction = predictions_by(self.decision, probability)
        keys = leads.get(self.contract.key, [None] * rows)
        return {
            self.contract.key: [None if pd.isna(key) else key for key in keys],
            "score": score.tolist(),
            "probability": probability.tolist(),
            "prediction": prediction.tolist(),
            "tier": tiers_by(self.decision, probability),
            "stage": [str(self.stage)] * rows,
            "model_version": [self.champion.version] * rows,
        }


def find_champion(
    settings: Settings, contract: Contract, stage: KnownAt
) -> ChampionInfo:
    """Return the stage's champion; an alias that was moved by hand is logged as an error and does not count.

    Raises:
        NoChampionError: nothing has been promoted for the stage.
        ChampionUnusableError: the champion was deleted.
        LedgerUnreadableError: the ledger of champions cannot be read.
        TrackingUnavailableError: MLflow does not answer.
    """
    version, refusal = find_standing(settings, contract, stage)
    if refusal:
        log.error("%s", refusal)
    return version


def find_standing(
    settings: Settings, contract: Contract, stage: KnownAt
) -> tuple[ChampionInfo, str | None]:
    """Return the stage's champion, and what to say of its alias if that was moved by hand, else None.

    Raises:
        NoChampionError: nothing has been promoted for the stage.
        ChampionUnusableError: the champion was deleted.
        LedgerUnreadableError: the ledger of champions cannot be read.
        TrackingUnavailableError: MLflow does not answer.
    """
    model = contract.model_name(stage)
    client = connect(settings.mlflow)
    ledger = ChampionLedger.of(settings, contract)
    present = standing(client, model, ledger)
    if present.champion is None:
        loss = lost_champion(client, model, ledger)
        if loss:
            raise ChampionUnusableError(
                f"{model} has no champion any more: {loss}; roll back with promote_model, rollback=true, or promote "
                "a version by its number"
            )
        raise NoChampionError(
            f"{model} has no champion yet; run data_drift_redshift_retrain to train and promote the first"
        )
    return present.champion, present.refusal


def load_version(
    contract: Contract, stage: KnownAt, version: ChampionInfo
) -> Scorer:
    """Load the scorer of one registered version.

    Raises:
        ChampionUnusableError: its artefact cannot be loaded, or is no pipeline that scores.
        TrackingUnavailableError: MLflow does not answer.
    """
    pipeline = _load_pipeline(version)
    scorer = scorer_of(contract, stage, version, pipeline)
    decision = scorer.decision
    log.info(
        "Loaded champion %s, threshold %.3f by %s",
        version.uri,
        decision.threshold,
        decision.policy,
    )
    return scorer


def scorer_of(
    contract: Contract, stage: KnownAt, version: ChampionInfo, pipeline: Any
) -> Scorer:
    """Return the scorer of a version whose pipeline is loaded; making its explainer takes up to a second.

    Raises:
        ChampionUnusableError: the pipeline is not one that a training of this project deploys.
    """
    problem = _problem(pipeline)
    if problem:
        raise ChampionUnusableError(
            f"{version.uri} {problem}; promote a version that train_models registered, or roll back with promote_model"
        )
    encoder = LeadEncoder.of(pipeline[:-1])
    reasons = _reasons(contract, version, pipeline, encoder)
    sums = _sums(pipeline[-1].classifier, reasons)
    return Scorer(
        champion=version,
        stage=stage,
        contract=contract,
        pipeline=pipeline,
        encoder=encoder,
        reasons=reasons,
        sums=sums,
    )


def _problem(pipeline: Any) -> str | None:
    """Return why a model cannot score leads, by what it can do and not by the names of its steps; None if it can."""
    if not (
        isinstance(pipeline, Pipeline)
        and isinstance(pipeline[-1], CalibratedModel)
    ):
        return "does not end in a CalibratedModel with its decision"
    try:
        LeadEncoder.of(pipeline[:-1])
    except UntypedPipelineError as error:
        return str(error)
    return _problem_of_decision(pipeline[-1].decision)


def _problem_of_decision(decision: Decision) -> str | None:
    """Return why a threshold or tiers cannot be used; None if they can."""
    if not (math.isfinite(decision.threshold) and 0 <= decision.threshold <= 1):
        return (
            f"has the threshold {decision.threshold}, which is no probability"
        )
    lowest = [value for _, value in decision.tiers]
    if not lowest or lowest != sorted(lowest, reverse=True) or lowest[-1] > 0:
        return f"has the tiers {decision.tiers}, which do not fall from the best down to a {decision.tier_scale} of 0"
    return None


def _reasons(
    contract: Contract,
    version: ChampionInfo,
    pipeline: Pipeline,
    encoder: LeadEncoder,
) -> Reasons | None:
    """Return what makes the reasons of a pipeline; None where it has no fast SHAP values, or not by contract column."""
    preprocess = pipeline[:-1]
    mean = getattr(preprocess[-1], "mean_", None)  # only linear models need it
    background = None if mean is None else mean[None, :]
    try:
        sources = source_fields(preprocess)
        _check_fields(contract, encoder, sources)
        attribution = Attribution.of(
            pipeline[-1].classifier, sources, background, encoder.finite
        )
    except NotExplainableError as error:
        log.warning("%s scores without reasons: %s", version.uri, error)
        return None
    return Reasons(attribution, contract)


def _check_fields(
    contract: Contract, encoder: LeadEncoder, sources: Sequence[str]
) -> None:
    """Refuse to explain by fields that no lead has: a reason shows the lead's own value of a contract column."""
    typed_fields = {column.field for column in encoder.clean.columns}
    explainable = typed_fields.intersection(contract.fields)
    foreign = sorted(set(sources) - explainable)
    if foreign:
        raise NotExplainableError(
            f"its matrix has columns of {', '.join(foreign)}, which the contract does not have"
        )


def _sums(classifier: Any, reasons: Reasons | None) -> "TreeSums | None":
    """Return the fast margins of a LightGBM classifier; None for any other, and where its trees are not read."""
    if (
        reasons is None
        or reasons.attribution.trees is None
        or not hasattr(classifier, "booster_")
    ):
        return None
    from include.trees.tree_sums import (
        TreeSums,  # as tree_shap, it needs numba, which MWAA's workers go without
    )

    return TreeSums.of(reasons.attribution.explainer.model)


def _load_pipeline(version: ChampionInfo) -> Any:
    try:
        return load_pipeline(version)
    except ModelUnreadableError as error:
        raise ChampionUnusableError(str(error)) from error
