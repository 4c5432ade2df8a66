"""Splits leads into those that train, choose and test a model; the split never moves as leads arrive."""

import hashlib

import pandas as pd

from include.contract import Contract, KnownAt
from include.features.cleaning import TypedColumns
from include.features.columns import feature_columns
from include.lake.arrival import arrival_numbers

SALT = "lead-conversion-split-1"
HOLDOUT_SHARE = 0.20
VALIDATION_SHARE = 0.20
CROWD = 200
"""More identical rows than this are no twins but a population: at capture, 1,314 leads of the real file share two rows
that say next to nothing. On one side they would be a quarter of it, and every figure there would be theirs."""


def feature_groups(
    frame: pd.DataFrame, contract: Contract, stage: KnownAt = KnownAt.CONTACT
) -> pd.Series:
    """Return the number of the group of leads that a model of `stage` cannot tell apart (uint64, index of `frame`)."""
    columns = feature_columns(contract, stage)
    typed = TypedColumns(columns, contract.null_tokens).transform(frame)
    return pd.util.hash_pandas_object(typed, index=False)


def twin_groups(
    frame: pd.DataFrame, contract: Contract, stage: KnownAt = KnownAt.CONTACT
) -> pd.Series:
    """Return the number of the group of leads that stay together in every split and fold (index of `frame`).

    These are the leads with identical feature rows, the first CROWD of them by arrival (clock, then key); each later
    one is on its own. Newer leads never change the group of an older one.
    """
    order = _by_arrival(frame, contract)
    order["group"] = feature_groups(frame, contract, stage)
    rank = order.groupby("group", sort=False).cumcount()
    order["late"] = rank.where(rank >= CROWD, 0)
    numbers = order.groupby(["group", "late"], sort=False).ngroup()
    return numbers.reindex(frame.index).rename("twins")


def assign_split(
    frame: pd.DataFrame, contract: Contract, stage: KnownAt = KnownAt.CONTACT
) -> pd.Series:
    """Return the side of every lead: "holdout" (20 %), "validation" (20 % of the others) or "train".

    Leads with identical feature rows go together (see `twin_groups`), to the side of the oldest of them, which is a
    hash of its key: newer leads never move an older one. A lead changes side only if its own values or those of an
    older twin change. The index is that of `frame`.
    """
    order = _by_arrival(frame, contract)
    order["twins"] = twin_groups(frame, contract, stage)
    keys_by_group = order.groupby("twins", sort=False)["key"]
    oldest_keys = keys_by_group.transform("first").reindex(frame.index)
    sides = {key: _side(key) for key in oldest_keys.unique()}
    return oldest_keys.map(sides).rename("split")


def _by_arrival(frame: pd.DataFrame, contract: Contract) -> pd.DataFrame:
    """Return clock and key of every lead, the oldest lead first."""
    order = pd.DataFrame(
        {
            "clock": arrival_numbers(frame[contract.clock]),
            "key": frame[contract.key].astype(str),
        }
    )
    return order.sort_values(["clock", "key"], kind="stable")


def _side(key: str) -> str:
    """Draw the side of a group from the hash of its oldest key, the same in every process."""
    digest = hashlib.sha256(f"{SALT}:{key}".encode()).digest()
    draw = int.from_bytes(digest[:8], "big") / 2**64
    if draw < HOLDOUT_SHARE:
        return "holdout"
    if draw < HOLDOUT_SHARE + (1 - HOLDOUT_SHARE) * VALIDATION_SHARE:
        return "validation"
    return "train"
