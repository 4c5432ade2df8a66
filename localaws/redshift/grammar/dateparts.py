"""Name the parts of dates that Redshift documents, and refuse others where a part must stand.

Source: https://docs.aws.amazon.com/redshift/latest/dg/r_Dateparts_for_datetime_functions.html
"""

from localaws.redshift.errors import RedshiftError, UnsupportedFeatureError

_NAMES_TEXT = {
    "millennium": "millennium millennia mil mils",
    "century": "century centuries c cent cents",
    "decade": "decade decades dec decs",
    "epoch": "epoch",
    "year": "year years y yr yrs",
    "quarter": "quarter quarters qtr qtrs",
    "month": "month months mon mons",
    "week": "week weeks w",
    "dow": "dayofweek dow dw weekday",
    "doy": "dayofyear doy dy yearday",
    "day": "day days d",
    "hour": "hour hours h hr hrs",
    "minute": "minute minutes m min mins",
    "second": "second seconds s sec secs",
    "millisecond": """
        millisecond milliseconds ms msec msecs msecond mseconds millisec millisecs millisecon
    """,
    "microsecond": """
        microsecond microseconds microsec microsecs usecond useconds us usec usecs
    """,
    "timezone": "timezone",
    "timezone_hour": "timezone_hour",
    "timezone_minute": "timezone_minute",
}
PARTS: dict[str, str] = {}
for _part, _text in _NAMES_TEXT.items():
    PARTS.update(dict.fromkeys(_text.split(), _part))
"""Each name and abbreviation with the part that it stands for."""
_READS = frozenset({"extract", "date_part", "pgdate_part"})
_COUNTS = frozenset({"dateadd", "date_add", "datediff", "date_diff"})
_FUNCTIONS = _READS | _COUNTS | {"date_trunc"}
_ONLY_READ = frozenset(
    {"epoch", "dow", "doy", "timezone", "timezone_hour", "timezone_minute"}
)
_LONG = frozenset({"millennium", "century"})
_FRACTIONS = frozenset({"millisecond", "microsecond"})


def check_part(function: str, name: str) -> None:
    """Refuse the first argument of a function of dates that is no part of a date.

    Raises:
        RedshiftError: Redshift has no such part, or not in this function.
        UnsupportedFeatureError: the engine gives another value.
    """
    if function not in _FUNCTIONS:
        return
    part = PARTS.get(name.lower(), "")
    is_misplaced = part in _ONLY_READ and function not in _READS
    if not part or is_misplaced:
        raise RedshiftError(f'date part "{name.lower()}" not recognized')
    is_shifted = part in _LONG and function in ("datediff", "date_diff")
    if is_shifted or (part in _LONG and function == "date_trunc"):
        # The engine's begin in the years 0, Redshift's in the years 1.
        raise UnsupportedFeatureError(f"{function.upper()} of {part.upper()}")
    if part in _FRACTIONS and function in ("date_part", "pgdate_part"):
        raise UnsupportedFeatureError(f"DATE_PART of {part.upper()}")
