"""What the sales team's feedback did to a snapshot's labels: counted for the manifest, applied when it is read."""

from typing import Any

import pandas as pd

from include.contract import Contract
from include.lake.errors import ObjectMissingError
from include.lake.frames import read_parquet
from include.lake.layout import Layout
from include.settings import Settings

LABEL, WEIGHT = "training_label", "training_weight"
"""Columns of a snapshot beside those of the table of leads; one from before there was feedback lacks them."""


def count_votes(settings: Settings, contract: Contract, run_id: str) -> dict[str, Any]:
    """What the unloaded votes of a snapshot came to.

    Returns:
        The settings that decided, and how many leads had votes; votes that counted; votes that did not because the
        rep had reached the cap, or said something newer; leads labelled by reps alone (filled), against the
        warehouse's label (corrected), contradicted but left as they are, confirmed, and undecided (a tie).
    """
    votes = _read(Layout(settings, contract).votes(run_id))
    label, majority = votes["label"], votes["majority"]
    against = label.notna() & majority.notna() & (label != majority)
    applied = settings.decisions.feedback_labels
    return {
        "labels": applied,
        "rep_share": settings.decisions.feedback_rep_share,
        "weight": settings.decisions.feedback_weight,
        "leads": len(votes),
        **{name: int(votes[name].sum()) for name in ("votes", "capped", "superseded")},
        "filled": int((label.isna() & majority.notna()).sum()) if applied != "off" else 0,
        "corrected": int(against.sum()) if applied == "correct" else 0,
        "contradicted": int(against.sum()) if applied != "correct" else 0,
        "confirmed": int((label.notna() & (label == majority)).sum()),
        "undecided": int(majority.isna().sum()),
    }


def training_labels(frame: pd.DataFrame, own: pd.Series) -> pd.Series:
    """The outcome to learn from per row of a snapshot: NaN, 0 or 1; `own`, the warehouse's labels, without feedback."""
    return pd.to_numeric(frame[LABEL], errors="coerce").rename(str(own.name)) if LABEL in frame else own


def training_weights(frame: pd.DataFrame) -> pd.Series:
    """The weight to learn with per row of a snapshot, 1 without feedback."""
    weight = frame[WEIGHT].astype("float64") if WEIGHT in frame else pd.Series(1.0, index=frame.index)
    return weight.rename("weight")


def _read(uri: str) -> pd.DataFrame:
    columns = ["label", "votes", "capped", "superseded", "majority"]
    try:
        return read_parquet(uri).astype(dict.fromkeys(columns, "float64"))
    except ObjectMissingError:  # UNLOAD of an empty result writes no object
        return pd.DataFrame(columns=columns, dtype="float64")
