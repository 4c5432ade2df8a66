"""Picks the champion that scores a lead: the early one until the sales team has contacted it, then the later one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from include.contract import Contract, KnownAt
from include.features.lead_encoder import Cells, Columns
from include.registry.errors import NoChampionError
from include.registry.registry import ChampionInfo
from include.scoring.leads import LeadReader
from include.scoring.scorer import Scorer, find_champion, load_version, to_columns
from include.scoring.scores import Scores, as_frame, put_together
from include.settings import Settings

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

    def score(self, frame: pd.DataFrame, reasons: int = 0) -> pd.DataFrame:
        """Scores each lead with the champion of its stage; see `Scorer.score`, whose columns these are."""
        return as_frame(self.score_columns(to_columns(self.contract, frame), len(frame), reasons), frame.index)

    def score_columns(self, leads: Columns, rows: int, reasons: int = 0) -> Scores:
        """The same without frames, for leads as `to_columns` gives them."""
        stages = self.stages(leads, rows)
        wanted = [stage for stage in self.scorers if (stages == str(stage)).any()] or list(self.scorers)[:1]
        if len(wanted) == 1:
            return self.scorers[wanted[0]].score_columns(leads, rows, reasons)
        places = [np.flatnonzero(stages == str(stage)) for stage in wanted]
        parts = [
            self.scorers[stage].score_columns(_at(leads, at), len(at), reasons)
            for stage, at in zip(wanted, places, strict=True)
        ]
        return put_together(parts, places)

    def stages(self, leads: Columns, rows: int) -> NDArray[np.str_]:
        """The stage whose champion scores each of so many leads.

        A lead is at `contact` from the first feature on that only the sales team can know, else at `capture`.
        """
        contacted = np.zeros(rows, dtype=bool)
        for name in self._by_contact:
            if name in leads:
                contacted |= _filled(leads[name], self.contract.null_tokens)
        return np.where(contacted, str(self._nearest(KnownAt.CONTACT)), str(self._nearest(KnownAt.CAPTURE)))

    @cached_property
    def reader(self) -> LeadReader:
        """What reads leads as callers write them."""
        return LeadReader(self.contract)

    @cached_property
    def _by_contact(self) -> list[str]:
        return [one.field for one in self.contract.features(KnownAt.CONTACT) if one.known_at is KnownAt.CONTACT]

    def _nearest(self, stage: KnownAt) -> KnownAt:
        return stage if stage in self.scorers else next(iter(self.scorers))


def load_champions(settings: Settings, contract: Contract) -> StagedScorer:
    """Load the champions of all stages from the registry.

    Raises:
        NoChampionError: nothing has been promoted for any stage.
        ChampionUnusableError: a champion cannot be loaded, or brings no usable decision.
        TrackingUnavailableError: MLflow does not answer.
    """
    versions = find_champions(settings, contract)
    scorers = {stage: load_version(contract, stage, version) for stage, version in versions.items()}
    return StagedScorer(contract, scorers)


def find_champions(settings: Settings, contract: Contract) -> dict[KnownAt, ChampionInfo]:
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


def _filled(cells: Cells, null_tokens: tuple[str, ...]) -> NDArray[np.bool_]:
    if isinstance(cells, np.ndarray) and cells.dtype == np.float64:
        return ~np.isnan(cells)
    filled = {cell: not pd.isna(cell) and str(cell).strip() not in null_tokens for cell in set(cells)}
    return np.array([filled[cell] for cell in cells], dtype=bool)


def _at(leads: Columns, places: NDArray[np.intp]) -> Columns:
    chosen = places.tolist()
    return {
        field: cells[places] if isinstance(cells, np.ndarray) else [cells[place] for place in chosen]
        for field, cells in leads.items()
    }
