"""Read a date or a moment as people, databases and programs write it.

Runs on Glue 5.0 (Python 3.11) with nothing but the standard library.
"""

from datetime import UTC, date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

EPOCH = "epoch"
"""Format of moments that are written as seconds since 1970."""
FIRST_YEAR = 1678
LAST_YEAR = 2261
"""pandas counts nanoseconds in 64 bits, which hold these years in full."""


def read_date(
    text: str, formats: tuple[str, ...] = (), time_zone: str = "UTC"
) -> date:
    """Return the day that a text names; of a moment, its day where it was written.

    Args:
        text: in ISO 8601 or in one of `formats`.
        formats: of `strptime`, or `epoch`.
        time_zone: in which the day of seconds since 1970 is taken.

    Raises:
        ValueError: it is written in another way, or lies outside the years 1678 to 2261.
    """
    moment = _parse(text, formats)
    if moment.tzinfo is UTC:
        moment = moment.astimezone(_zone(time_zone))
    _check_year(moment)
    return moment.date()


def read_timestamp(
    text: str, formats: tuple[str, ...] = (), time_zone: str = "UTC"
) -> datetime:
    """Return the moment that a text names, in UTC and without a zone; a date is its midnight.

    Args:
        text: in ISO 8601 or in one of `formats`.
        formats: of `strptime`, or `epoch`.
        time_zone: of a text that names none.

    Raises:
        ValueError: it is written in another way, or lies outside the years 1678 to 2261.
    """
    moment = _parse(text, formats)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=_zone(time_zone))
    moment = moment.astimezone(UTC)
    _check_year(moment)
    return moment.replace(tzinfo=None)


def _parse(text: str, formats: tuple[str, ...]) -> datetime:
    """Return the moment as it is written; the contract's own formats come first."""
    for written in formats:
        read = _of_epoch if written == EPOCH else _of_format
        moment = read(text, written)
        if moment is not None:
            return moment
    return datetime.fromisoformat(text)


def _of_epoch(text: str, _written: str) -> datetime | None:
    try:
        return datetime.fromtimestamp(float(text), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _of_format(text: str, written: str) -> datetime | None:
    try:
        return datetime.strptime(text, written)  # noqa: DTZ007 - the caller adds the zone
    except ValueError:
        return None


def _check_year(moment: datetime) -> None:
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise ValueError(
            f"the year {moment.year} is not between {FIRST_YEAR} and {LAST_YEAR}"
        )


@lru_cache(maxsize=16)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
