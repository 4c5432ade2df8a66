"""Count what feedback did to a snapshot's labels, for its manifest, and apply it when the snapshot is read."""

from typing import Any

import pandas as pd

from include.contract import Contract, decisions_of
from include.lake.errors import ObjectMissingError
from include.lake.frames import read_parquet
from include.lake.layout import Layout
from include.settings import Settings

LABEL, WEIGHT = "training_label", "training_weight"
"""Columns of a snapshot beside those of the table of leads; one from before there was feedback lacks them."""


def count_votes(
    settings: Settings, contract: Contract, run_id: str
) -> dict[str, Any]:
    """Count what the unloaded votes of a snapshot came to.

    Returns:
        The settings that decided, and how many leads had votes; votes that counted; votes that did not because the
        rep had reached the cap, or said something newer; leads labelled by reps alone (filled), against the
        warehouse's label (corrected), contradicted but left as they are, confirmed, and undecided (a tie).
    """
    decisions = decisions_of(settings, contract)
    votes = _read(Layout(settings, contract).votes(run_id))
    label = votes["label"]
    majority = votes["majority"]
    reps_alone = int((label.isna() & majority.notna()).sum())
    contradicting = label.notna() & majority.notna() & (label != majority)
    against = int(contradicting.sum())
    corrects = decisions.feedback_labels == "correct"
    return {
        "labels": decisions.feedback_labels,
        "rep_share": decisions.feedback_rep_share,
        "weight": decisions.feedback_weight,
        "leads": len(votes),
        "votes": int(votes["votes"].sum()),
        "capped": int(votes["capped"].sum()),
        "superseded": int(votes["superseded"].sum()),
        "filled": 0 if decisions.feedback_labels == "off" else reps_alone,
        "corrected": against if corrects else 0,
        "contradicted": 0 if corrects else against,
        "confirmed": int((label.notna() & (label == majority)).sum()),
        "undecided": int(majority.isna().sum()),
    }


def training_labels(frame: pd.DataFrame, own: pd.Series) -> pd.Series:
    """Return the outcome to learn from per row of a snapshot: NaN, 0 or 1; `own` without feedback."""
    if LABEL not in frame:
        return own
    return pd.to_numeric(frame[LABEL], errors="coerce").rename(str(own.name))


def training_weights(frame: pd.DataFrame) -> pd.Series:
    """Return the weight to learn with per row of a snapshot, 1 without feedback."""
    if WEIGHT not in frame:
        return pd.Series(1.0, index=frame.index, name="weight")
    return frame[WEIGHT].astype("float64").rename("weight")


def _read(uri: str) -> pd.DataFrame:
    """Return the unloaded votes as numbers; UNLOAD of an empty result writes no object, which is no vote."""
    columns = ["label", "votes", "capped", "superseded", "majority"]
    try:
        return read_parquet(uri).astype(dict.fromkeys(columns, "float64"))
    except ObjectMissingError:
        return pd.DataFrame(columns=columns, dtype="float64")
