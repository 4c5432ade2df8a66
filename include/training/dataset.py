"""A snapshot made ready for training: labelled rows, each on its side of the split."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from include.contract import Contract, KnownAt
from include.evaluation.errors import OneClassOnlyError
from include.feedback.votes import LABEL, WEIGHT, training_labels, training_weights
from include.training.errors import NotEnoughRowsError
from include.training.snapshot import load_snapshot, read_manifest
from include.training.splits import assign_split, twin_groups

MIN_PER_CLASS = 10


@dataclass(frozen=True)
class Dataset:
    """Labelled leads of one snapshot as a model of `stage` is trained and judged on them.

    Attributes:
        frame: raw contract columns, one row per labelled lead.
        target: outcome per row, 0 or 1; on the holdout side always the warehouse's own label, elsewhere the one that
            the sales team's feedback has left (docs/feedback.md).
        split: "train", "validation" or "holdout" per row.
        groups: number of the group of twins per row; a group is never divided between folds.
        arrival: the contract's clock per row.
        manifest: the snapshot's manifest.
        weight: how much a row counts in a fit, 1 unless a setting weighs feedback.
    """

    frame: pd.DataFrame
    target: pd.Series
    split: pd.Series
    groups: pd.Series
    arrival: pd.Series
    manifest: dict[str, Any]
    weight: pd.Series

    def newest(self, share: float) -> pd.Series:
        """Whether a lead is among the newest `share` of them by the contract's clock (bool per row)."""
        return self.arrival.rank(method="first") > len(self.arrival) * (1 - share)

    def part(self, *sides: str) -> tuple[pd.DataFrame, pd.Series]:
        """Rows and outcomes of the given sides."""
        chosen = self.split.isin(sides)
        return self.frame[chosen], self.target[chosen]

    def fit_params(self, chosen: pd.Series) -> dict[str, pd.Series]:
        """What fitting a family's pipeline on the chosen rows takes besides them: weights, where any is not 1."""
        return {"model__sample_weight": self.weight[chosen]} if (self.weight != 1).any() else {}


def load_dataset(snapshot_uri: str, contract: Contract, stage: KnownAt) -> Dataset:
    """Dataset of the snapshot at `snapshot_uri`. Raises what `make_dataset` and `load_snapshot` raise."""
    return make_dataset(load_snapshot(snapshot_uri), contract, stage, read_manifest(snapshot_uri))


def make_dataset(frame: pd.DataFrame, contract: Contract, stage: KnownAt, manifest: dict[str, Any]) -> Dataset:
    """Splits the labelled rows of `frame`; open leads are left out.

    A lead that only reps have labelled is left out of the holdout too: who is judged does not mark the exam.

    Raises:
        NotEnoughRowsError: a side has too few leads of an outcome to search, choose or judge.
        OneClassOnlyError: all leads of the snapshot have one outcome.
    """
    labelled, target, split = _labelled(frame, contract, stage)
    _check(target, split)
    arrival = pd.to_numeric(labelled[contract.clock], errors="coerce")
    groups, weight = twin_groups(labelled, contract, stage), training_weights(labelled)
    rows = labelled.drop(columns=[LABEL, WEIGHT], errors="ignore")
    return Dataset(rows, target, split, groups, arrival, manifest, weight)


def _labelled(frame: pd.DataFrame, contract: Contract, stage: KnownAt) -> tuple[pd.DataFrame, pd.Series, pd.Series]:
    """Rows, outcomes and sides of the leads with an outcome that counts on their side."""
    frame = frame.reset_index(drop=True)
    own = pd.to_numeric(frame[contract.label], errors="coerce")
    told = training_labels(frame, own)
    known = own.notna() | told.notna()
    split = assign_split(frame[known], contract, stage)
    target = told[known].where(split != "holdout", own[known]).dropna().astype(int)
    kept = target.index
    return frame.loc[kept].reset_index(drop=True), target.reset_index(drop=True), split[kept].reset_index(drop=True)


def can_learn(*targets: pd.Series) -> bool:
    """Whether each of the given sets of outcomes holds enough leads of both outcomes."""
    return all(_rarer(target) >= MIN_PER_CLASS for target in targets)


def _rarer(target: pd.Series) -> int:
    counts = target.value_counts()
    return min(int(counts.get(outcome, 0)) for outcome in (0, 1))


def _check(target: pd.Series, split: pd.Series) -> None:
    if len(target) and target.nunique() == 1:
        raise OneClassOnlyError(
            f"all {len(target)} labelled leads have the outcome {target.iloc[0]}; ingest leads with the other one too"
        )
    for side in ("train", "validation", "holdout"):
        if (fewest := _rarer(target[split == side])) < MIN_PER_CLASS:
            raise NotEnoughRowsError(
                f"{len(target)} labelled leads give {fewest} of the rarer outcome on the {side} side, "
                f"at least {MIN_PER_CLASS} are needed; ingest more labelled leads"
            )
