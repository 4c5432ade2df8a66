"""Which leads train, choose and judge a model: a split that never moves as leads arrive."""

import hashlib

import pandas as pd

from include.contract import Contract, KnownAt
from include.features.cleaning import TypedColumns
from include.features.columns import feature_columns

SALT = "lead-conversion-split-1"
HOLDOUT_SHARE = 0.20
VALIDATION_SHARE = 0.20
CROWD = 200
"""More identical rows than this are no twins but a population: at capture, 1,314 leads of the real file share two rows
that say next to nothing. On one side they would be a quarter of it, and every figure there would be theirs."""


def feature_groups(frame: pd.DataFrame, contract: Contract, stage: KnownAt = KnownAt.CONTACT) -> pd.Series:
    """Number of the group of leads that a model of `stage` cannot tell apart (uint64, index as in `frame`)."""
    typed = TypedColumns(feature_columns(contract, stage), contract.null_tokens).transform(frame)
    return pd.util.hash_pandas_object(typed, index=False)


def twin_groups(frame: pd.DataFrame, contract: Contract, stage: KnownAt = KnownAt.CONTACT) -> pd.Series:
    """Number of the group of leads that stay together in every split and fold (index as in `frame`).

    These are the leads with identical feature rows, the first CROWD of them by arrival (clock, then key); each later
    one is on its own. Newer leads never change the group of an older one.
    """
    order = _by_arrival(frame, contract).assign(group=feature_groups(frame, contract, stage))
    rank = order.groupby("group", sort=False).cumcount()
    order["late"] = rank.where(rank >= CROWD, 0)
    return order.groupby(["group", "late"], sort=False).ngroup().reindex(frame.index).rename("twins")


def assign_split(frame: pd.DataFrame, contract: Contract, stage: KnownAt = KnownAt.CONTACT) -> pd.Series:
    """Side of every lead: "holdout" (20 %), "validation" (20 % of the rest) or "train", index as in `frame`.

    Leads with identical feature rows go together (see `twin_groups`), to the side of the oldest of them, which is a
    hash of its key: newer leads never move an older one. A lead changes side only if its own values or those of an
    older twin change.
    """
    order = _by_arrival(frame, contract).assign(twins=twin_groups(frame, contract, stage))
    oldest = order.groupby("twins", sort=False)["key"].transform("first").reindex(frame.index)
    sides = {key: _side(key) for key in oldest.unique()}
    return oldest.map(sides).rename("split")


def _by_arrival(frame: pd.DataFrame, contract: Contract) -> pd.DataFrame:
    clock = pd.to_numeric(frame[contract.clock], errors="coerce")
    order = pd.DataFrame({"clock": clock, "key": frame[contract.key].astype(str)})
    return order.sort_values(["clock", "key"], kind="stable")


def _side(key: str) -> str:
    digest = hashlib.sha256(f"{SALT}:{key}".encode()).digest()
    draw = int.from_bytes(digest[:8], "big") / 2**64
    if draw < HOLDOUT_SHARE:
        return "holdout"
    return "validation" if draw < HOLDOUT_SHARE + (1 - HOLDOUT_SHARE) * VALIDATION_SHARE else "train"
