"""Read a contract's clock as numbers that grow with a lead's arrival."""

from datetime import date

import pandas as pd

EPOCH = pd.Timestamp(0)
SECOND = pd.Timedelta(seconds=1)


def arrival_numbers(clock: pd.Series) -> pd.Series:
    """Return numbers as they are, and dates and moments as seconds since 1970; NaN where a lead has none.

    Args:
        clock: of any number of leads, with the index that the result has.
    """
    if pd.api.types.is_datetime64_any_dtype(clock) or _holds_dates(clock):
        moments = pd.to_datetime(clock, errors="coerce")
        return (moments - EPOCH) / SECOND
    return pd.to_numeric(clock, errors="coerce")


def _holds_dates(clock: pd.Series) -> bool:
    """Return whether the values are Python's dates, as a DATE of the warehouse arrives in a frame."""
    if not pd.api.types.is_object_dtype(clock):
        return False
    filled = clock.dropna()
    return not filled.empty and isinstance(filled.iloc[0], date)
