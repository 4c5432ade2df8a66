"""Hold the story's dates, all in one place, and draw the moments at which leads are captured.

Moments are numpy `datetime64[s]` in UTC.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Moments = npt.NDArray[np.datetime64]
Objects = npt.NDArray[Any]

START = np.datetime64("2023-09-01", "D")
"""The day of the first capture."""
END = np.datetime64("2025-04-01", "D")
"""The day after the last capture. Events and outcomes go on for about 80 days."""
CHANNEL_SHIFT = np.datetime64("2024-10-07", "D")
"""From this day a new paid channel brings a quarter of all leads."""
APPROVAL_SHIFT = np.datetime64("2025-01-06", "D")
"""Applications that are begun on this day or later are judged by the new criteria."""
EMAIL_OUTAGE = (
    np.datetime64("2024-05-14", "D"),
    np.datetime64("2024-05-16", "D"),
)
"""E-mail events that would arrive from the first day on arrive on the second one."""

DAY = np.timedelta64(1, "D").astype("timedelta64[s]")
DAY_SECONDS = 86_400

MONTH_VOLUME = np.array(
    [1.0, 1.05, 1.15, 1.0, 0.95, 0.9, 0.75, 0.7, 1.15, 1.2, 1.1, 0.65]
)
"""Relative number of leads in each month, January first."""
WEEKDAY_VOLUME = np.array([1.2, 1.25, 1.2, 1.1, 0.95, 0.35, 0.3])
"""Relative number of leads on each weekday, Monday first."""
GROWTH = 0.3
"""The last day has so much more leads than the first one, before seasons."""


def months(moments: Moments) -> Ints:
    """Return the month of each moment, 0 for January."""
    since_1970 = moments.astype("datetime64[M]")
    numbers = since_1970.astype(np.int64)
    return np.asarray(numbers % 12)


def weekdays(moments: Moments) -> Ints:
    """Return the weekday of each moment, 0 for Monday."""
    since_1970 = moments.astype("datetime64[D]")
    numbers = since_1970.astype(np.int64)
    # 1970-01-01 was a Thursday.
    return np.asarray((numbers + 3) % 7)


def daily_volume() -> Floats:
    """Return the share of leads that are captured on each day from `START` to `END`; sums to 1."""
    days = np.arange(START, END)
    trend = 1 + np.linspace(0, GROWTH, len(days))
    by_month = MONTH_VOLUME[months(days)]
    by_weekday = WEEKDAY_VOLUME[weekdays(days)]
    volume = trend * by_month * by_weekday
    total = volume.sum()
    return np.asarray(volume / total)


def capture_days(
    numbers: Ints, leads: int, rng: np.random.Generator
) -> Moments:
    """Draw the day of each lead's capture.

    Args:
        numbers: Numbers of the leads, from 0 to `leads - 1`. A larger number is never captured on an earlier day.
        leads: Number of leads in the whole story.
        rng: Source of randomness.
    """
    dice = rng.random(len(numbers))
    quantiles = (numbers + dice) / leads
    volume = daily_volume()
    ladder = np.cumsum(volume)
    positions = np.searchsorted(ladder, quantiles, side="right")
    last = len(ladder) - 1
    positions = np.minimum(positions, last)
    days: Moments = START + positions
    return days.astype("datetime64[s]")


def seconds_of_day(utc_offsets: Floats, rng: np.random.Generator) -> Ints:
    """Draw a time of the day in UTC: most in the working hours of the place.

    Args:
        utc_offsets: Hours by which the place's clock is ahead of UTC.
        rng: Source of randomness.

    Returns:
        Seconds since midnight UTC, 0 to 86,399.
    """
    local_hours = rng.normal(13.0, 3.0, len(utc_offsets))
    hours = local_hours - utc_offsets
    seconds = (hours * 3600).astype(np.int64)
    return np.asarray(seconds % DAY_SECONDS)


def in_block(
    captured_at: Moments,
    blocks: Ints,
    utc_offsets: Floats,
    rng: np.random.Generator,
) -> Moments:
    """Draw a moment in a block of 24 hours from capture, at a usual time of the day.

    A block holds each time of the day once, so the block and the time fix the moment.
    """
    seconds = seconds_of_day(utc_offsets, rng)
    differences = seconds - _second_of_day(captured_at)
    offsets = differences % DAY_SECONDS
    # Nothing happens in the very second of the capture.
    offsets = np.maximum(offsets, 1)
    starts = blocks * DAY_SECONDS
    return after(captured_at, starts + offsets)


def _second_of_day(moments: Moments) -> Ints:
    seconds = moments.astype(np.int64)
    return np.asarray(seconds % DAY_SECONDS)


def after(moments: Moments, seconds: Floats | Ints) -> Moments:
    """Return moments that are so many seconds later."""
    whole_seconds = seconds.astype(np.int64)
    steps = whole_seconds.astype("timedelta64[s]")
    later: Moments = moments + steps
    return later
