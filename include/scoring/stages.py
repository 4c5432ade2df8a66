"""Picks the champion that scores a lead: the early one until the sales team has contacted it, then the later one."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from include.contract import Contract, KnownAt
from include.features.lead_encoder import Cells, Columns
from include.registry.errors import NoChampionError
from include.registry.ledger import ChampionLedger
from include.registry.registry import ChampionInfo, standing
from include.registry.tracking import connect
from include.scoring.leads.frames import to_columns
from include.scoring.leads.reader import LeadReader
from include.scoring.scorer import Scorer, find_champion, load_version
from include.scoring.scores import Scores, as_frame, put_together
from include.settings import Settings

log = logging.getLogger(__name__)

STAGES = (KnownAt.CONTACT, KnownAt.CAPTURE)


@dataclass(frozen=True)
class StagedScorer:
    """The champions of the stages, one at least; a stage that has none is scored by the other's.

    Attributes:
        contract: what a lead is.
        scorers: stage to its champion's scorer.
    """

    contract: Contract = field(repr=False)
    scorers: Mapping[KnownAt, Scorer]

    @property
    def versions(self) -> dict[str, str]:
        """Stage to the version of its champion."""
        return {
            str(stage): scorer.champion.version
            for stage, scorer in self.scorers.items()
        }

    def score(self, frame: pd.DataFrame, reasons: int = 0) -> pd.DataFrame:
        """Score each lead with the champion of its stage; see `Scorer.score`, whose columns these are."""
        leads = to_columns(self.contract, frame)
        scores = self.score_columns(leads, len(frame), reasons)
        return as_frame(scores, frame.index)

    def score_columns(
        self, leads: Columns, rows: int, reasons: int = 0
    ) -> Scores:
        """Do the same without frames, for leads as `to_columns` gives them."""
        stages = self.stages(leads, rows)
        for stage, scorer in self.scorers.items():
            if (
                stages == str(stage)
            ).all():  # no leads at all are the first scorer's
                return scorer.score_columns(leads, rows, reasons)
        parts: list[Scores] = []
        places: list[NDArray[np.intp]] = []
        for stage, scorer in self.scorers.items():
            places_of_stage = np.flatnonzero(stages == str(stage))
            leads_of_stage = _at(leads, places_of_stage)
            parts.append(
                scorer.score_columns(
                    leads_of_stage, len(places_of_stage), reasons
                )
            )
            places.append(places_of_stage)
        return put_together(parts, places)

    def stages(self, leads: Columns, rows: int) -> NDArray[np.str_]:
        """Return the stage whose champion scores each of so many leads.

        A lead is at `contact` from the first feature on that only the sales team can know, else at `capture`.
        """
        contacted = np.zeros(rows, dtype=bool)
        for name in self._fields_of_contact:
            if name in leads:
                contacted |= _filled(leads[name], self.contract.null_tokens)
        late = self._nearest(KnownAt.CONTACT)
        early = self._nearest(KnownAt.CAPTURE)
        return np.where(contacted, str(late), str(early))

    @cached_property
    def reader(self) -> LeadReader:
        """What reads leads as callers write them."""
        return LeadReader(self.contract)

    @cached_property
    def _fields_of_contact(self) -> list[str]:
        """Features that only the sales team can know."""
        features = self.contract.features(KnownAt.CONTACT)
        return [
            column.field
            for column in features
            if column.known_at is KnownAt.CONTACT
        ]

    def _nearest(self, stage: KnownAt) -> KnownAt:
        """Return the stage itself, or another one if it has no champion."""
        return stage if stage in self.scorers else next(iter(self.scorers))


def load_champions(settings: Settings, contract: Contract) -> StagedScorer:
    """Load the champions of all stages from the registry.

    Raises:
        NoChampionError: nothing has been promoted for any stage.
        ChampionUnusableError: a champion cannot be loaded, or brings no usable decision.
        TrackingUnavailableError: MLflow does not answer.
    """
    versions = find_champions(settings, contract)
    scorers = {
        stage: load_version(contract, stage, version)
        for stage, version in versions.items()
    }
    return StagedScorer(contract, scorers)


def find_champions(
    settings: Settings, contract: Contract
) -> dict[KnownAt, ChampionInfo]:
    """Return the version that the registry calls the champion, for each stage that has one.

    Raises:
        NoChampionError: nothing has been promoted for any stage.
        TrackingUnavailableError: MLflow does not answer.
    """
    versions: dict[KnownAt, ChampionInfo] = {}
    missing: list[NoChampionError] = []
    for stage in STAGES:
        try:
            versions[stage] = find_champion(settings, contract, stage)
        except NoChampionError as error:
            missing.append(error)
    if not versions:
        raise missing[0]
    return versions


def refused_aliases(
    settings: Settings, contract: Contract
) -> list[dict[str, str]]:
    """Return stage, model, champion and alias of each stage whose alias was moved by hand; each is logged as an error.

    Returns:
        Of each stage: stage, model, version (the champion), alias_version ("" where the alias is gone) and why.

    Raises:
        LedgerUnreadableError: the ledger of champions cannot be read.
        TrackingUnavailableError: MLflow does not answer.
    """
    client = connect(settings.mlflow)
    ledger = ChampionLedger.of(settings, contract)
    refused: list[dict[str, str]] = []
    for stage in STAGES:
        present = standing(client, contract.model_name(stage), ledger)
        if present.champion is None or present.refusal is None:
            continue
        log.error("%s", present.refusal)
        refused.append(
            {
                "stage": str(stage),
                "model": present.champion.model,
                "version": present.champion.version,
                "alias_version": present.alias or "",
                "why": present.refusal,
            }
        )
    return refused


def _filled(cells: Cells, null_tokens: tuple[str, ...]) -> NDArray[np.bool_]:
    """Return whether each cell holds something; cells repeat, so each different one is looked at once."""
    if isinstance(cells, np.ndarray) and cells.dtype == np.float64:
        return ~np.isnan(cells)
    filled: dict[Any, bool] = {}
    for cell in set(cells):
        missing = pd.isna(cell) or str(cell).strip() in null_tokens
        filled[cell] = not missing
    return np.array([filled[cell] for cell in cells], dtype=bool)


def _at(leads: Columns, places: NDArray[np.intp]) -> Columns:
    """Return the leads at some places."""
    numbers = places.tolist()
    columns: dict[str, Cells] = {}
    for name, cells in leads.items():
        if isinstance(cells, np.ndarray):
            columns[name] = cells[places]
        else:
            columns[name] = [cells[number] for number in numbers]
    return columns
