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
from include.features.cleaning import cells_of
from include.features.errors import NotExplainableError, UntypedPipelineError
from include.features.lead_encoder import Columns, LeadEncoder
from include.features.preprocess import source_fields
from include.registry.errors import ModelUnreadableError, NoChampionError
from include.registry.models import load_pipeline
from include.registry.registry import ChampionInfo, champion
from include.registry.tracking import connect
from include.scoring.errors import ChampionUnusableError
from include.scoring.reasons import Reasons
from include.scoring.scores import Scores, as_frame
from include.scoring.tiers import score_of, tier_of
from include.settings import Settings
from include.trees.pieces import in_pieces

if TYPE_CHECKING:
    from include.trees.tree_sums import TreeSums

log = logging.getLogger(__name__)

PROBABILITY_DIGITS = 12
"""A linear model's last bit depends on how many leads are multiplied at once; a lead's score must not."""


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
        """Scores leads, one row out for each row in, in the same order and with the same index.

        Args:
            frame: leads with business headers or contract fields as columns; absent columns count as missing.
            reasons: how many to give for each direction; 0 gives no column `reasons`, and is several times faster.

        Returns:
            Columns: the contract's key, score (0-100), probability, prediction (0 or 1) and tier by the model's own
            decision, stage, model_version and, if asked for, reasons (a list of `include.scoring.score_row.Reason`;
            None where the model has no fast SHAP values).
        """
        return as_frame(self.score_columns(to_columns(self.contract, frame), len(frame), reasons), frame.index)

    def score_columns(self, leads: Columns, rows: int, reasons: int = 0) -> Scores:
        """The same without frames, for leads as `to_columns` gives them."""
        typed = self.encoder.typed(leads, rows)
        matrix = self.encoder.matrix(typed, rows) if rows else np.empty((0, 0))
        exact = self._probability(matrix) if rows else np.empty(0)
        scores = self._scores(leads, rows, np.round(exact, PROBABILITY_DIGITS))
        if reasons:
            told = self.reasons.top(typed, matrix, reasons) if self.reasons and rows else [None] * rows
            scores["reasons"] = told
        return scores

    def _probability(self, matrix: Any) -> NDArray[np.float64]:
        if self.sums:
            return self.model.calibration(expit(self.sums.margins(matrix)))
        return in_pieces(self.model.positive, matrix)

    def _scores(self, leads: Columns, rows: int, probability: NDArray[np.float64]) -> Scores:
        score, keys = score_of(probability), leads.get(self.contract.key)
        return {
            self.contract.key: [None] * rows if keys is None else [None if pd.isna(key) else key for key in keys],
            "score": score.tolist(),
            "probability": probability.tolist(),
            "prediction": (probability >= self.decision.threshold).astype("int64").tolist(),
            "tier": tier_of(score, self.decision.tiers),
            "stage": [str(self.stage)] * rows,
            "model_version": [self.champion.version] * rows,
        }


def to_columns(contract: Contract, frame: pd.DataFrame) -> Columns:
    """The contract's fields of a frame as plain cells: headers renamed, absent columns left out, others dropped."""
    fields = {name: column.field for column in contract.columns for name in (column.name, column.field)}
    renamed = {str(name): fields[name] for name in frame.columns if name in fields}
    numbers = {column.field for column in contract.columns if column.numeric}
    return cells_of(frame[list(renamed)].set_axis(list(renamed.values()), axis=1), numbers)


def find_champion(settings: Settings, contract: Contract, stage: KnownAt) -> ChampionInfo:
    """Return the version that the registry calls the stage's champion.

    Raises:
        NoChampionError: nothing has been promoted for the stage.
        TrackingUnavailableError: MLflow does not answer.
    """
    model = contract.model_name(stage)
    found = champion(connect(settings.mlflow.tracking_uri), model)
    if found is None:
        raise NoChampionError(
            f"{model} has no champion yet; run data_drift_redshift_retrain to train and promote the first"
        )
    return found


def load_version(contract: Contract, stage: KnownAt, version: ChampionInfo) -> Scorer:
    """Load the scorer of one registered version.

    Raises:
        ChampionUnusableError: its artefact cannot be loaded, or is no pipeline that scores.
        TrackingUnavailableError: MLflow does not answer.
    """
    scorer = scorer_of(contract, stage, version, _load_pipeline(version))
    log.info("Loaded champion %s, threshold %.3f by %s", version.uri, scorer.decision.threshold, scorer.decision.policy)
    return scorer


def scorer_of(contract: Contract, stage: KnownAt, version: ChampionInfo, pipeline: Any) -> Scorer:
    """The scorer of a version whose pipeline is there; making its explainer takes up to a second.

    Raises:
        ChampionUnusableError: the pipeline is not one that a training of this project deploys.
    """
    if problem := _problem(pipeline):
        raise ChampionUnusableError(
            f"{version.uri} {problem}; promote a version that train_models registered, or roll back with promote_model"
        )
    encoder = LeadEncoder.of(pipeline[:-1])
    reasons = _reasons(contract, version, pipeline, encoder)
    sums = _sums(pipeline[-1].classifier, reasons)
    return Scorer(version, stage, contract, pipeline, encoder, reasons, sums)


def _problem(pipeline: Any) -> str | None:
    """Return why a model cannot score leads, by what it can do and not by the names of its steps; None if it can."""
    if not (isinstance(pipeline, Pipeline) and isinstance(pipeline[-1], CalibratedModel)):
        return "does not end in a CalibratedModel with its decision"
    try:
        LeadEncoder.of(pipeline[:-1])
    except UntypedPipelineError as error:
        return str(error)
    decision = pipeline[-1].decision
    if not (math.isfinite(decision.threshold) and 0 <= decision.threshold <= 1):
        return f"has the threshold {decision.threshold}, which is no probability"
    lowest = [score for _, score in decision.tiers]
    if not lowest or lowest != sorted(lowest, reverse=True) or lowest[-1] > 0:
        return f"has the tiers {decision.tiers}, which do not fall from the best down to a score of 0"
    return None


def _reasons(contract: Contract, version: ChampionInfo, pipeline: Pipeline, encoder: LeadEncoder) -> Reasons | None:
    preprocess = pipeline[:-1]
    mean = getattr(preprocess[-1], "mean_", None)  # only linear models need it
    background = None if mean is None else mean[None, :]
    try:
        sources = source_fields(preprocess)
        _check_fields(contract, encoder, sources)
        attribution = Attribution.of(pipeline[-1].classifier, sources, background, encoder.finite)
    except NotExplainableError as error:
        log.warning("%s scores without reasons: %s", version.uri, error)
        return None
    return Reasons(attribution, contract)


def _check_fields(contract: Contract, encoder: LeadEncoder, sources: Sequence[str]) -> None:
    """Refuse to explain by fields that no lead has: a reason shows the lead's own value of a contract column."""
    typed_fields = {column.field for column in encoder.clean.columns}
    explainable = typed_fields.intersection(contract.fields)
    foreign = sorted(set(sources) - explainable)
    if foreign:
        raise NotExplainableError(f"its matrix has columns of {', '.join(foreign)}, which the contract does not have")


def _sums(classifier: Any, reasons: Reasons | None) -> "TreeSums | None":
    if reasons is None or reasons.attribution.trees is None or not hasattr(classifier, "booster_"):
        return None
    from include.trees.tree_sums import TreeSums  # as tree_shap, it needs numba, which MWAA's workers go without

    return TreeSums.of(reasons.attribution.explainer.model)


def _load_pipeline(version: ChampionInfo) -> Any:
    try:
        return load_pipeline(version)
    except ModelUnreadableError as error:
        raise ChampionUnusableError(str(error)) from error
