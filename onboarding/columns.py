"""Propose the type of a column from its cells."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import pandas as pd

from include.contract.cells import INTEGER, LARGEST, LARGEST_INTEGER, NUMBER
from include.contract.model import DEFAULT_NULL_TOKENS
from include.contract.text import clean_text
from include.contract.written import NumberStyle, plain_number
from onboarding.words import header_has, lists_for, words_for

SAMPLE = 300
"""So many different cells decide how numbers and dates are written."""
ENOUGH = 0.99
"""Share of the filled cells that a type must read; the others are named as a question."""
ONE_LEVEL = 0.99
RARE = 0.01
MOST_LEVELS = 200
LONGEST_LEVEL = 80
STYLES = (
    NumberStyle(),
    NumberStyle(","),
    NumberStyle(".", ","),
    NumberStyle(",", "."),
    NumberStyle(",", " "),
    NumberStyle(".", "'"),
)
"""How numbers may be written; of two that read as much the first one is taken."""
SYMBOLS = re.compile(
    r"(?P<before>[^\d\s.,+-]{0,3})\s*[+-]?\d[\d.,' ]*(?P<behind>[^\d\s.,]{0,3})"
)
DAYS = (
    "%d.%m.%Y",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d-%m-%Y",
    "%Y/%m/%d",
    "%d.%m.%y",
    "%m/%d/%y",
    "%d %b %Y",
    "%d %B %Y",
    "%b %d, %Y",
    "%Y%m%d",
)
TIMES = ("", " %H:%M", " %H:%M:%S", " %I:%M %p")
FORMATS = [day + time for time in TIMES for day in DAYS]
ISO = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d.*)?")


@dataclass(frozen=True)
class Profile:
    """What a column holds.

    Attributes:
        name: its header.
        cells: cleaned text in every row; missing cells as None.
        counts: rows of each different cell, the most frequent first.
        missing: tokens in it that mean missing, but for the empty one.
        keys: of the column in the contract, but for its name.
        remarks: what a person should know or answer.
        formats: how its dates are written, where not ISO 8601.
    """

    name: str
    cells: "pd.Series[str]"
    counts: "pd.Series[int]"
    missing: tuple[str, ...] = ()
    keys: dict[str, Any] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()

    @property
    def type(self) -> str:
        """Return the proposed type."""
        return str(self.keys["type"])

    @property
    def rows(self) -> int:
        """Return how many rows the file has."""
        return len(self.cells)

    @property
    def filled(self) -> int:
        """Return how many cells are not missing."""
        return int(self.counts.sum())

    @property
    def levels(self) -> list[str]:
        """Return the different cells, the most frequent first."""
        return [str(level) for level in self.counts.index]

    def with_keys(self, *remarks: str, **keys: Any) -> "Profile":
        """Return the column with more keys and remarks."""
        return replace(
            self, keys=self.keys | keys, remarks=(*self.remarks, *remarks)
        )


def read_column(name: str, cells: "pd.Series[str]") -> Profile:
    """Return a column without a type: cleaned, what means missing taken out."""
    different = cells.unique()
    cleaned = cells.map({cell: clean_text(cell) for cell in different})
    words = words_for("missing")
    present = [str(cell) for cell in cleaned.unique()]
    missing = [
        cell
        for cell in present
        if cell.casefold() in words or (cell and cell in DEFAULT_NULL_TOKENS)
    ]
    kept = cleaned.where(~cleaned.isin(["", *missing]))
    return Profile(name, kept, kept.value_counts(), tuple(missing))


def number_style(columns: Sequence[Profile]) -> NumberStyle:
    """Return how numbers are written in most of the columns."""
    best = STYLES[0]
    most = 0
    samples = [_sample(column) for column in columns]
    for style in STYLES:
        readable = sum(
            bool(sample) and _share_of_numbers(style, sample) >= ENOUGH
            for sample in samples
        )
        if readable > most:
            best, most = style, readable
    return best


def _sample(column: Profile) -> list[str]:
    return column.levels[:SAMPLE]


def _share_of_numbers(style: NumberStyle, levels: Sequence[str]) -> float:
    style = replace(style, symbols=_symbols(levels))
    numbers = [level for level in levels if _is_number(style, level)]
    return len(numbers) / len(levels)


def _is_number(style: NumberStyle, level: str) -> bool:
    return NUMBER.fullmatch(plain_number(style, level)) is not None


def _symbols(levels: Sequence[str]) -> tuple[str, ...]:
    """Return the signs around numbers, where almost every cell has one."""
    found: dict[str, int] = {}
    for level in levels:
        match = SYMBOLS.fullmatch(level)
        if match is None:
            continue
        for sign in match.groups():
            if sign and _means_nothing(sign):
                found[sign] = found.get(sign, 0) + 1
    return tuple(
        sign for sign, times in found.items() if times >= 0.2 * len(levels)
    )


def _means_nothing(sign: str) -> bool:
    """Return whether a sign beside a number is a currency or a percent sign, not a part of a code."""
    symbol = len(sign) == 1 and unicodedata.category(sign) == "Sc"
    return symbol or sign == "%" or sign.casefold() in words_for("currencies")


def with_type(column: Profile, style: NumberStyle) -> Profile:
    """Return the column with the type that its cells have; see the module `roles` for what else is proposed."""
    if not column.filled:
        return column.with_keys(
            "no cell is filled: no model sees it", type="string"
        )
    for propose in (_boolean, _moments, _numbers):
        typed = propose(column, style)
        if typed is not None:
            return _near_constant(typed)
    return _near_constant(_texts(column))


def _boolean(column: Profile, _style: NumberStyle) -> Profile | None:
    folded = {level.casefold() for level in column.levels}
    if len(folded) != 2:
        return None
    for number, (positive, negative) in enumerate(lists_for("pairs")):
        if folded != {positive, negative}:
            continue
        if number < 5:  # what a boolean means without tokens
            return column.with_keys(type="boolean")
        yes = [level for level in column.levels if level.casefold() == positive]
        no = [level for level in column.levels if level.casefold() == negative]
        return column.with_keys(type="boolean", positive=yes, negative=no)
    return None


def _numbers(column: Profile, style: NumberStyle) -> Profile | None:
    symbols = _symbols(_sample(column))
    style = replace(style, symbols=symbols)
    others = [level for level in column.levels if not _is_number(style, level)]
    words = [level for level in others if not re.search(r"\d", level)]
    rows = int(column.counts[others].sum())
    tokens: tuple[str, ...] = ()
    if len(others) < len(column.levels) and others == words and len(others) < 3:
        tokens = tuple(others)
    elif rows > (1 - ENOUGH) * column.filled:
        return None
    numbers = [level for level in column.levels if level not in set(others)]
    plain = [plain_number(style, level) for level in numbers]
    if any(re.fullmatch(r"[+-]?0\d+", text) for text in plain):
        return None  # leading zeros are those of a code
    keys = _number_keys(plain)
    if keys is None:
        return None
    if symbols:
        keys["symbols"] = list(symbols)
    remarks = []
    if tokens:
        keys["null_tokens"] = ["", *column.missing, *tokens]
        remarks.append(
            f"QUESTION: {rows} cell(s) are {' or '.join(map(repr, tokens))}; taken as missing"
        )
        column = _without(column, others)
    elif others:
        remarks.append(_unreadable(column, others, rows, "number"))
        column = _without(column, others)
    ambiguous = r"\d{1,3}([.,]\d{3})+"
    if style.symbols == () and all(
        re.fullmatch(ambiguous, level) for level in numbers
    ):
        remarks.append(
            f"QUESTION: is {numbers[0]} about {plain[0]}? If not, correct decimal and thousands in files"
        )
    elif re.fullmatch(r"9{2,}9", plain[0]) and _stands_apart(plain):
        remarks.append(
            f"QUESTION: does {plain[0]} mean missing? If so add null_tokens: ['', '{plain[0]}']"
        )
    return column.with_keys(*remarks, **keys)


def _number_keys(plain: Sequence[str]) -> dict[str, Any] | None:
    """Return the type of numbers, None where they are codes that no number holds."""
    sizes = [abs(float(text)) for text in plain]
    if max(sizes) > LARGEST:
        return None
    whole = all(INTEGER.fullmatch(text) for text in plain)
    if whole and max(sizes) <= LARGEST_INTEGER:
        return {"type": "integer"}
    return {"type": "number"}


def _stands_apart(plain: Sequence[str]) -> bool:
    """Return whether the most frequent number is far above all others."""
    sizes = [abs(float(text)) for text in plain]
    if len(sizes) < 3:
        return False
    most_frequent, *others = sizes
    return most_frequent > 2 * max(others)


def _unreadable(
    column: Profile, others: Sequence[str], rows: int, kind: str
) -> str:
    return (
        f"QUESTION: {rows} cell(s) are no {kind}, such as {others[0]!r}; their rows go to quarantine. If they mean "
        "missing, list them in null_tokens"
    )


def _without(column: Profile, levels: Sequence[str]) -> Profile:
    cells = column.cells.where(~column.cells.isin(levels))
    return replace(column, cells=cells, counts=column.counts.drop(levels))


def _moments(column: Profile, _style: NumberStyle) -> Profile | None:
    """Return a column of dates or moments; None for others."""
    sample = _sample(column)
    first = sample[0]
    if len(first) < 6 or not re.search(r"\d", first):
        return None
    if all(ISO.fullmatch(level) for level in sample):
        timed = any(len(level) > 10 for level in sample)
        return column.with_keys(type="timestamp" if timed else "date")
    if header_has(column.name, "arrival") and all(
        re.fullmatch(r"1\d{9}(\.\d+)?", level) for level in sample
    ):
        return replace(
            column.with_keys("seconds since 1970", type="timestamp"),
            formats=("epoch",),
        )
    formats = [written for written in FORMATS if _reads(written, first)]
    shares = {
        written: sum(_reads(written, level) for level in sample) / len(sample)
        for written in formats
    }
    readable = [written for written, share in shares.items() if share >= ENOUGH]
    if readable:
        return _of_format(column, readable)
    if formats and sum(shares.values()) >= ENOUGH and not first.isdigit():
        text = " and ".join(formats)
        dated = column.with_keys(
            f"QUESTION: written in more than one way ({text}); is that right?",
            type="date",
        )
        return replace(dated, formats=tuple(formats))
    return None


def _of_format(column: Profile, readable: Sequence[str]) -> Profile:
    written = readable[0]
    if written == "%Y%m%d" and not header_has(column.name, "arrival"):
        years = [int(level[:4]) for level in _sample(column)]
        if min(years) < 1900 or max(years) > 2100:
            return column.with_keys(type="integer")
    timed = "%H" in written or "%I" in written
    kind = "timestamp" if timed else "date"
    dated = replace(column.with_keys(type=kind), formats=(written,))
    if len(readable) > 1:
        other = readable[1]
        dated = dated.with_keys(
            f"QUESTION: is {column.levels[0]} written as {written}? It could be {other}; correct date_formats then"
        )
    return dated


def _reads(written: str, text: str) -> bool:
    if written.startswith("%Y%m%d") and len(text) < 8:
        return False
    try:
        datetime.strptime(text, written)  # noqa: DTZ007 - only whether it can be read
    except ValueError:
        return False
    return True


def _texts(column: Profile) -> Profile:
    """Return a category, or a string where levels hardly repeat or are long."""
    levels = column.levels
    longest = max(len(level) for level in levels)
    repeats = len(levels) <= max(20, 0.2 * column.filled)
    few = len(levels) <= min(MOST_LEVELS, 0.5 * column.filled + 2)
    if not (few and repeats) or longest > LONGEST_LEVEL:
        return column.with_keys(type="string")
    remarks = []
    scale = _scale(levels)
    if scale:
        remarks.append(
            f"an order? If so: type: ordinal, order: [{', '.join(scale)}]"
        )
    rare = [
        level for level in levels if column.counts[level] < RARE * column.rows
    ]
    if len(rare) > 1 and len(levels) > 5:
        named = ", ".join(rare[:6]) + (", …" if len(rare) > 6 else "")
        remarks.append(
            f"{len(rare)} levels below 1 %; together: groups: {{Other: [{named}]}}"
        )
    return column.with_keys(*remarks, type="category")


def _scale(levels: Sequence[str]) -> list[str]:
    """Return the levels in their order, empty where they have none."""
    by_name = {level.casefold(): level for level in levels}
    for scale in lists_for("scales"):
        if len(by_name) > 1 and set(by_name) <= set(scale):
            return [by_name[word] for word in scale if word in by_name]
    numbers = [re.match(r"(\d+)\W", level) for level in levels]
    if len(levels) > 2 and all(numbers):
        return sorted(
            levels, key=lambda level: int(re.findall(r"\d+", level)[0])
        )
    return []


def _near_constant(column: Profile) -> Profile:
    if column.type in ("string", "date", "timestamp"):
        return column
    missing = column.rows - column.filled
    share = max(int(column.counts.iloc[0]), missing) / column.rows
    if share < ONE_LEVEL and len(column.counts) > 1 - bool(missing):
        return column
    return column.with_keys(near_constant=True)
