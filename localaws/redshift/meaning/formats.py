"""Format dates and numbers as TO_CHAR does, and read dates as TO_DATE does.

Source: https://docs.aws.amazon.com/redshift/latest/dg/r_FORMAT_strings.html and r_Numeric_formating.html
"""

import re
from collections.abc import Callable
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

from localaws.redshift.errors import UnsupportedFeatureError

_MOMENT_PARTS = re.compile(
    r'"[^"]*"|YYYY|YYY|YY|Y|IW|WW|MONTH|Month|month|MON|Mon|mon|MM|DAY|Day|day|DY|Dy|dy|DDD|DD|D|HH24|HH12|HH|MI|MS'
    r"|SS|US|AM|PM|am|pm|Q|[^A-Za-z]"
)
_NUMBER_PARTS = re.compile(r"FM|MI|PL|SG|PR|[90DGS.,]")
_CASED: dict[str, Callable[[datetime], str]] = {
    "MONTH": lambda at: f"{at:%B}".upper().ljust(9),
    "Month": lambda at: f"{at:%B}".ljust(9),
    "month": lambda at: f"{at:%B}".lower().ljust(9),
    "MON": lambda at: f"{at:%b}".upper(),
    "Mon": lambda at: f"{at:%b}",
    "mon": lambda at: f"{at:%b}".lower(),
    "DAY": lambda at: f"{at:%A}".upper().ljust(9),
    "Day": lambda at: f"{at:%A}".ljust(9),
    "day": lambda at: f"{at:%A}".lower().ljust(9),
    "DY": lambda at: f"{at:%a}".upper(),
    "Dy": lambda at: f"{at:%a}",
    "dy": lambda at: f"{at:%a}".lower(),
    "AM": lambda at: f"{at:%p}",
    "PM": lambda at: f"{at:%p}",
    "am": lambda at: f"{at:%p}".lower(),
    "pm": lambda at: f"{at:%p}".lower(),
}
_PARTS: dict[str, Callable[[datetime], str]] = {
    "YYYY": lambda at: f"{at.year:04d}",
    "YYY": lambda at: f"{at.year % 1000:03d}",
    "YY": lambda at: f"{at.year % 100:02d}",
    "Y": lambda at: f"{at.year % 10}",
    "Q": lambda at: str((at.month + 2) // 3),
    "MM": lambda at: f"{at.month:02d}",
    "IW": lambda at: f"{at.isocalendar().week:02d}",
    "WW": lambda at: f"{(at.timetuple().tm_yday + 6) // 7:02d}",
    "DDD": lambda at: f"{at.timetuple().tm_yday:03d}",
    "DD": lambda at: f"{at.day:02d}",
    "D": lambda at: str(at.isoweekday() % 7 + 1),
    "HH24": lambda at: f"{at.hour:02d}",
    "HH12": lambda at: f"{at:%I}",
    "HH": lambda at: f"{at:%I}",
    "MI": lambda at: f"{at.minute:02d}",
    "SS": lambda at: f"{at.second:02d}",
    "MS": lambda at: f"{at.microsecond // 1000:03d}",
    "US": lambda at: f"{at.microsecond:06d}",
}
_READ = {
    "YYYY": "%Y", "YY": "%y", "MM": "%m", "MON": "%b", "MONTH": "%B", "DD": "%d", "DDD": "%j", "HH24": "%H",
    "HH12": "%I", "HH": "%I", "MI": "%M", "SS": "%S", "US": "%f", "AM": "%p", "PM": "%p", "DAY": "%A", "DY": "%a",
}  # fmt: skip


def check_moment_pattern(pattern: str) -> None:
    """Refuse a pattern with parts that are not known here."""
    _moment_parts(pattern)


def _moment_parts(pattern: str) -> list[str]:
    parts = _MOMENT_PARTS.findall(pattern)
    if "".join(parts) != pattern:
        parts = _MOMENT_PARTS.findall(pattern.upper())
        if "".join(parts) != pattern.upper():
            raise UnsupportedFeatureError(f"the date format {pattern}")
    return [str(part) for part in parts]


def format_moment(moment: datetime, pattern: str) -> str:
    """Return a date and time in a pattern of TO_CHAR."""
    text = ""
    for part in _moment_parts(pattern):
        write = _CASED.get(part) or _PARTS.get(part)
        text += write(moment) if write else part.strip('"')
    return text


def reading_pattern(pattern: str) -> str:
    """Return a pattern of TO_DATE and TO_TIMESTAMP as strptime has it.

    Raises:
        UnsupportedFeatureError: a part of it is not known here.
    """
    text = ""
    for part in _moment_parts(pattern):
        if part.upper() in _READ:
            text += _READ[part.upper()]
        elif part[0].isalpha():
            raise UnsupportedFeatureError(f"the date format {pattern}")
        else:
            text += part.strip('"').replace("%", "%%")
    return text


def check_number_pattern(pattern: str) -> None:
    """Refuse a pattern with parts that are not known here, such as RN, L and EEEE."""
    if "".join(_NUMBER_PARTS.findall(pattern.upper())) != pattern.upper():
        raise UnsupportedFeatureError(f"the number format {pattern}")


def format_number(number: str, pattern: str) -> str:
    """Return a number, given as text, in a pattern of TO_CHAR."""
    parts = _NUMBER_PARTS.findall(pattern.upper())
    point = next(
        (place for place, part in enumerate(parts) if part in "D."), len(parts)
    )
    before = [part for part in parts[:point] if part in "90G,"]
    after = [part for part in parts[point:] if part in "90"]
    value = Decimal(number).quantize(
        Decimal(1).scaleb(-len(after)), ROUND_HALF_UP
    )
    whole, _, fraction = f"{abs(value):f}".partition(".")
    if whole == "0" and after:
        whole = ""
    text = _whole(whole, before)
    if after or point < len(parts):
        text += "." + (fraction if "#" not in text else "#" * len(after))
    return _signed(text, value, parts)


def _whole(digits: str, places: list[str]) -> str:
    """Return the digits before the point at their places, with blanks before them."""
    number = sum(place in "90" for place in places)
    is_too_long = len(digits) > number
    zeros = [place == "0" for place in places if place in "90"]
    first_zero = zeros.index(True) if True in zeros else number
    shown = digits.rjust(number)
    text = ""
    index = 0
    for place in places:
        if place in "G,":
            text += "," if text.strip() else " "
            continue
        digit = "#" if is_too_long else shown[index]
        if digit == " " and index >= first_zero:
            digit = "0"
        text += digit
        index += 1
    return text


def _signed(text: str, value: Decimal, parts: list[str]) -> str:
    is_negative = value < 0
    blanks = len(text) - len(text.lstrip(" "))
    body = text.lstrip(" ")
    if "PR" in parts:
        body = f"<{body}>" if is_negative else f" {body} "
    elif "S" in parts or "SG" in parts:
        sign = "-" if is_negative else "+"
        body = sign + body if parts[0] in ("S", "SG") else body + sign
    elif "MI" in parts:
        sign = "-" if is_negative else " "
        body = sign + body if parts[0] == "MI" else body + sign
    elif "PL" in parts:
        plus = " " if is_negative else "+"
        body = ("-" if is_negative else " ") + body + plus
    else:
        body = ("-" if is_negative else " ") + body
    text = " " * blanks + body
    return text.strip() if "FM" in parts else text


def functions() -> list[tuple[str, Callable[..., str], list[str], str]]:
    """Return the engine's functions of this module: name, function, types of arguments and of the result."""
    return [
        (
            "rs_format_moment",
            format_moment,
            ["TIMESTAMP", "VARCHAR"],
            "VARCHAR",
        ),
        ("rs_format_number", format_number, ["VARCHAR", "VARCHAR"], "VARCHAR"),
    ]
