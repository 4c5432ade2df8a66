"""Makes a snapshot ready for training: labelled rows, each on its side of the split."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from include.contract import Contract, KnownAt
from include.evaluation.errors import OneClassOnlyError
from include.feedback.votes import (
    LABEL,
    WEIGHT,
    training_labels,
    training_weights,
)
from include.lake.arrival import arrival_numbers
from include.training.errors import NotEnoughRowsError
from include.training.data.snapshot import load_snapshot, read_manifest
from include.training.data.splits import (
    DRAWN,
    HoldOut,
    assign_split,
    newest_leads,
    twin_groups,
)

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
        """Return a mask of the newest `share` of the leads by the contract's clock (bool per row)."""
        return newest_leads(self.arrival, share)

    def part(self, *sides: str) -> tuple[pd.DataFrame, pd.Series]:
        """Return rows and outcomes of the given sides."""
        mask = self.split.isin(sides)
        return self.frame[mask], self.target[mask]

    def fit_params(self, mask: pd.Series) -> dict[str, pd.Series]:
        """Return the arguments of `Pipeline.fit` besides rows and outcomes: the masked rows' weights, if any is not 1.

        Args:
            mask: the rows to fit on, bool per row.
        """
        if (self.weight == 1).all():
            return {}
        return {"model__sample_weight": self.weight[mask]}


def load_dataset(
    snapshot_uri: str,
    contract: Contract,
    stage: KnownAt,
    held_out: HoldOut = DRAWN,
) -> Dataset:
    """Load the snapshot at `snapshot_uri` as a dataset. Raises what `make_dataset` and `load_snapshot` raise."""
    rows = load_snapshot(snapshot_uri)
    manifest = read_manifest(snapshot_uri)
    return make_dataset(rows, contract, stage, manifest, held_out)


def make_dataset(
    frame: pd.DataFrame,
    contract: Contract,
    stage: KnownAt,
    manifest: dict[str, Any],
    held_out: HoldOut = DRAWN,
) -> Dataset:
    """Split the labelled rows of `frame` into a dataset; open leads are left out.

    A lead that only reps have labelled is left out of the holdout too: what reps say of a model's scores must not
    decide how good the model is.

    Raises:
        NotEnoughRowsError: a side has too few leads of an outcome to search, choose or judge.
        OneClassOnlyError: all leads of the snapshot have one outcome.
    """
    labelled, target, split = _labelled(frame, contract, stage, held_out)
    _check(target, split)
    return Dataset(
        frame=labelled.drop(columns=[LABEL, WEIGHT], errors="ignore"),
        target=target,
        split=split,
        groups=twin_groups(labelled, contract, stage),
        arrival=arrival_numbers(labelled[contract.clock]),
        manifest=manifest,
        weight=training_weights(labelled),
    )


def _labelled(
    frame: pd.DataFrame, contract: Contract, stage: KnownAt, held_out: HoldOut
) -> tuple[pd.DataFrame, pd.Series, pd.Series]:
    """Return rows, outcomes and sides of the leads with an outcome that counts on their side."""
    frame = frame.reset_index(drop=True)
    warehouse_label = pd.to_numeric(frame[contract.label], errors="coerce")
    training_label = training_labels(frame, warehouse_label)
    has_label = warehouse_label.notna() | training_label.notna()
    split = assign_split(frame[has_label], contract, stage, held_out)
    target = training_label[has_label].where(
        split != "holdout",
        warehouse_label[has_label],
    )
    target = target.dropna().astype(int)
    rows = frame.loc[target.index]
    sides = split[target.index]
    return (
        rows.reset_index(drop=True),
        target.reset_index(drop=True),
        sides.reset_index(drop=True),
    )


def can_learn(*targets: pd.Series) -> bool:
    """Tell whether each of the given sets of outcomes holds enough leads of both outcomes."""
    counts = [rarer_count(target) for target in targets]
    return min(counts) >= MIN_PER_CLASS


def rarer_count(target: pd.Series) -> int:
    """Return how many leads have the rarer of the outcomes 0 and 1."""
    counts = target.value_counts()
    negatives = int(counts.get(0, 0))
    positives = int(counts.get(1, 0))
    return min(negatives, positives)


def _check(target: pd.Series, split: pd.Series) -> None:
    """Refuse leads that cannot be learnt from; the errors are those of `make_dataset`."""
    if len(target) and target.nunique() == 1:
        raise OneClassOnlyError(
            f"all {len(target)} labelled leads have the outcome {target.iloc[0]}; ingest leads with the other one too"
        )
    for side in ("train", "validation", "holdout"):
        count = rarer_count(target[split == side])
        if count < MIN_PER_CLASS:
            raise NotEnoughRowsError(
                f"{len(target)} labelled leads give {count} of the rarer outcome on the {side} side, "
                f"at least {MIN_PER_CLASS} are needed; ingest more labelled leads"
            )
