"""Which leads train, choose and judge a model: a split that never moves as leads arrive."""

import hashlib

import pandas as pd

from include.contract import Contract, KnownAt
from include.features.cleaning import TypedColumns
from include.features.columns import feature_columns

SALT = "lead-conversion-split-1"
HOLDOUT_SHARE = 0.20
VALIDATION_SHARE = 0.20


def feature_groups(frame: pd.DataFrame, contract: Contract, stage: KnownAt = KnownAt.CONTACT) -> pd.Series:
    """Number of the group of leads that a model of `stage` cannot tell apart (uint64, index as in `frame`)."""
    typed = TypedColumns(feature_columns(contract, stage), contract.null_tokens).transform(frame)
    return pd.util.hash_pandas_object(typed, index=False)


def assign_split(frame: pd.DataFrame, contract: Contract, stage: KnownAt = KnownAt.CONTACT) -> pd.Series:
    """Side of every lead: "holdout" (20 %), "validation" (20 % of the rest) or "train", index as in `frame`.

    Leads with identical feature rows go together, to the side of the oldest of them (by clock, then key), which is
    a hash of its key: newer leads never move an older one. A lead changes side only if its own values or those of
    an older twin change.
    """
    order = pd.DataFrame(
        {
            "group": feature_groups(frame, contract, stage),
            "clock": pd.to_numeric(frame[contract.clock], errors="coerce"),
            "key": frame[contract.key].astype(str),
        }
    ).sort_values(["clock", "key"], kind="stable")
    oldest = order.groupby("group", sort=False)["key"].transform("first").reindex(frame.index)
    sides = {key: _side(key) for key in oldest.unique()}
    return oldest.map(sides).rename("split")


def _side(key: str) -> str:
    digest = hashlib.sha256(f"{SALT}:{key}".encode()).digest()
    draw = int.from_bytes(digest[:8], "big") / 2**64
    if draw < HOLDOUT_SHARE:
        return "holdout"
    return "validation" if draw < HOLDOUT_SHARE + (1 - HOLDOUT_SHARE) * VALIDATION_SHARE else "train"
