"""Picks the champion that scores a lead: the early one until the sales team has contacted it, then the later one."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from include.contract import Contract, KnownAt, load_contract
from include.registry.registry import ChampionInfo, NoChampion
from include.serving.scorer import Scorer, find_champion, load_version, to_fields
from include.settings import settings

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
        leads = to_fields(frame, self.contract)
        stages = self.stages(leads)
        wanted = [stage for stage in self.scorers if (stages == str(stage)).any()] or list(self.scorers)[:1]
        if len(wanted) == 1:
            return self.scorers[wanted[0]].score(leads, reasons)
        places = [np.flatnonzero(stages == str(stage)) for stage in wanted]
        parts = [self.scorers[stage].score(leads.iloc[at], reasons) for stage, at in zip(wanted, places, strict=True)]
        return pd.concat(parts).iloc[np.argsort(np.concatenate(places))]

    def stages(self, leads: pd.DataFrame) -> NDArray[np.str_]:
        """The stage whose champion scores each lead; `leads` has the contract's fields as columns.

        A lead is at `contact` from the first feature on that only the sales team can know, else at `capture`.
        """
        contacted = np.zeros(len(leads), dtype=bool)
        for column in self.contract.features(KnownAt.CONTACT):
            if column.known_at is KnownAt.CONTACT:
                contacted |= _filled(leads[column.field], self.contract.null_tokens)
        return np.where(contacted, str(self._nearest(KnownAt.CONTACT)), str(self._nearest(KnownAt.CAPTURE)))

    def _nearest(self, stage: KnownAt) -> KnownAt:
        return stage if stage in self.scorers else next(iter(self.scorers))


def load_champions() -> StagedScorer:
    """The stages' champions of the settings' registry.

    Raises:
        NoChampion: nothing has been promoted for any stage.
        ChampionUnusable: a champion cannot be loaded, or brings no usable decision.
        TrackingUnavailable: MLflow does not answer.
    """
    contract = load_contract(settings().contract)
    found = find_champions(contract)
    return StagedScorer(contract, {stage: load_version(info, stage, contract) for stage, info in found.items()})


def find_champions(contract: Contract) -> dict[KnownAt, ChampionInfo]:
    """Which version the registry calls the champion of each stage that has one.

    Raises:
        NoChampion: nothing has been promoted for any stage.
        TrackingUnavailable: MLflow does not answer.
    """
    found: dict[KnownAt, ChampionInfo] = {}
    missing: list[NoChampion] = []
    for stage in STAGES:
        try:
            found[stage] = find_champion(contract, stage)
        except NoChampion as error:
            missing.append(error)
    if not found:
        raise missing[0]
    return found


def _filled(cells: pd.Series, null_tokens: tuple[str, ...]) -> NDArray[np.bool_]:
    if pd.api.types.is_numeric_dtype(cells):
        return cells.notna().to_numpy()
    filled = {cell: not pd.isna(cell) and str(cell).strip() not in null_tokens for cell in set(cells.tolist())}
    return np.array([filled[cell] for cell in cells.tolist()], dtype=bool)
