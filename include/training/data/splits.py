"""Splits leads into those that train, choose and test a model.

A holdout that is drawn never moves as leads arrive. A holdout of the newest leads moves on with them.
"""

import hashlib
from collections.abc import Mapping
from typing import Literal

import pandas as pd

from include.contract import Contract, KnownAt
from include.features.cleaning import TypedColumns
from include.features.columns import feature_columns
from include.lake.arrival import arrival_numbers

SALT = "lead-conversion-split-1"
HOLDOUT_SHARE = 0.20
VALIDATION_SHARE = 0.20
HoldOut = Literal["drawn", "newest"]
"""Which leads are held out: drawn by a hash of their keys, or the newest by the contract's clock."""

DRAWN: HoldOut = "drawn"
NEWEST: HoldOut = "newest"
HELD_OUT_TAG = "held_out"
"""Tag of a model's version: which leads its training has held out; versions without it have drawn ones."""

CROWD = 200
"""More identical rows than this are no twins but a population: at capture, 1,314 leads of the real file share two rows
that say next to nothing. On one side they would be a quarter of it, and every figure there would be theirs."""


def held_out_by(split: str) -> HoldOut:
    """Return which leads are held out.

    Args:
        split: auto, random or time, of the contract's decisions.
    """
    return NEWEST if split == "time" else DRAWN


def held_out_of(tags: Mapping[str, str]) -> HoldOut:
    """Return which leads the training of a version has held out, from the version's tags."""
    return NEWEST if tags.get(HELD_OUT_TAG) == NEWEST else DRAWN


def newest_leads(arrival: pd.Series, share: float) -> pd.Series:
    """Return a mask of the newest `share` of the leads (bool, index of `arrival`).

    All leads of one moment are in it, or none; leads without a moment are not.

    Args:
        arrival: numbers that grow with a lead's arrival, NaN where nobody knows.
        share: at most 1.
    """
    rank = arrival.rank(method="max")
    return rank > rank.count() * (1 - share)


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
    frame: pd.DataFrame,
    contract: Contract,
    stage: KnownAt = KnownAt.CONTACT,
    held_out: HoldOut = DRAWN,
) -> pd.Series:
    """Return the side of every lead: "holdout" (20 %), "validation" (20 % of the others) or "train".

    Leads with identical feature rows go together (see `twin_groups`), to the side of the oldest of them, which is a
    hash of its key: newer leads never move an older one. A lead changes side only if its own values or those of an
    older twin change. The index is that of `frame`.

    With the newest leads held out, only the other two sides are drawn like that. A newest lead may then have an older
    twin that trains, as a lead of tomorrow may have.

    Args:
        frame: leads, with key and clock of the contract.
        contract: what a lead is.
        stage: of the model.
        held_out: which leads the holdout has.
    """
    order = _by_arrival(frame, contract)
    order["twins"] = twin_groups(frame, contract, stage)
    keys_by_group = order.groupby("twins", sort=False)["key"]
    oldest_keys = keys_by_group.transform("first").reindex(frame.index)
    drawn = {
        key: _side(_draw(key), held_out) for key in oldest_keys.unique()
    }
    sides = oldest_keys.map(drawn).rename("split")
    if held_out == DRAWN:
        return sides
    newest = newest_leads(order["clock"], HOLDOUT_SHARE).reindex(frame.index)
    return sides.mask(newest, "holdout")


def _by_arrival(frame: pd.DataFrame, contract: Contract) -> pd.DataFrame:
    """Return clock and key of every lead, the oldest lead first."""
    order = pd.DataFrame(
        {
            "clock": arrival_numbers(frame[contract.clock]),
            "key": frame[contract.key].astype(str),
        }
    )
    return order.sort_values(["clock", "key"], kind="stable")


def _draw(key: str) -> float:
    """Draw a number in [0, 1) from the hash of a key, the same in every process."""
    digest = hashlib.sha256(f"{SALT}:{key}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def _side(draw: float, held_out: HoldOut) -> str:
    """Return the side of a group of leads by the number that was drawn for its oldest key."""
    holdout_share = HOLDOUT_SHARE if held_out == DRAWN else 0.0
    if draw < holdout_share:
        return "holdout"
    if draw < holdout_share + (1 - holdout_share) * VALIDATION_SHARE:
        return "validation"
    return "train"
