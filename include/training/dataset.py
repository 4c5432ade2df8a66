"""A snapshot made ready for training: labelled rows, each on its side of the split."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from include.contract import Contract, KnownAt
from include.training.errors import NotEnoughRowsError, OneClassOnlyError
from include.training.snapshot import load_snapshot, read_manifest
from include.training.splits import assign_split, twin_groups

MIN_PER_CLASS = 10


@dataclass(frozen=True)
class Dataset:
    """Labelled leads of one snapshot as a model of `stage` is trained and judged on them.

    Attributes:
        frame: raw contract columns, one row per labelled lead.
        target: outcome per row, 0 or 1.
        split: "train", "validation" or "holdout" per row.
        groups: number of the group of twins per row; a group is never divided between folds.
        arrival: the contract's clock per row.
        manifest: the snapshot's manifest.
    """

    frame: pd.DataFrame
    target: pd.Series
    split: pd.Series
    groups: pd.Series
    arrival: pd.Series
    manifest: dict[str, Any]

    def newest(self, share: float) -> pd.Series:
        """Whether a lead is among the newest `share` of them by the contract's clock (bool per row)."""
        return self.arrival.rank(method="first") > len(self.arrival) * (1 - share)

    def part(self, *sides: str) -> tuple[pd.DataFrame, pd.Series]:
        """Rows and outcomes of the given sides."""
        chosen = self.split.isin(sides)
        return self.frame[chosen], self.target[chosen]


def load_dataset(snapshot_uri: str, contract: Contract, stage: KnownAt) -> Dataset:
    """Dataset of the snapshot at `snapshot_uri`. Raises what `make_dataset` and `load_snapshot` raise."""
    return make_dataset(load_snapshot(snapshot_uri), contract, stage, read_manifest(snapshot_uri))


def make_dataset(frame: pd.DataFrame, contract: Contract, stage: KnownAt, manifest: dict[str, Any]) -> Dataset:
    """Splits the labelled rows of `frame`; open leads are left out.

    Raises:
        NotEnoughRowsError: a side has too few leads of an outcome to search, choose or judge.
        OneClassOnlyError: all leads of the snapshot have one outcome.
    """
    labels = pd.to_numeric(frame[contract.label], errors="coerce")
    labelled = frame[labels.notna()].reset_index(drop=True)
    target = labels[labels.notna()].astype(int).reset_index(drop=True)
    split = assign_split(labelled, contract, stage)
    _check(target, split)
    arrival = pd.to_numeric(labelled[contract.clock], errors="coerce")
    return Dataset(labelled, target, split, twin_groups(labelled, contract, stage), arrival, manifest)


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
