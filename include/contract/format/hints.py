"""Say what a cell that breaks its rule most likely is, and what to write in the contract.

    hint(rule, ["12,5"])   # "'12,5' looks like a decimal comma; write files: {decimal: ","}"

A hint is a guess from the looks of a few cells of one column. It is made only where all of them look alike, and it
changes nothing by itself. Runs on Glue 5.0 (Python 3.11) with nothing but the standard library.
"""

import difflib
import json
import re
from collections.abc import Callable, Sequence
from datetime import datetime

from include.contract.cells import (
    INTEGER,
    NUMBER,
    NUMBERS,
    TEMPORAL,
    CellError,
    CellRule,
    read_cell,
)
from include.contract.text import clean_text

DECIMAL_COMMA = re.compile(r"[+-]?[0-9]*,[0-9]+")
GROUPS_OF_COMMAS = re.compile(r"[+-]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?")
GROUPS_OF_DOTS = re.compile(r"[+-]?[0-9]{1,3}(\.[0-9]{3})+(,[0-9]+)?")
GROUPS_OF_SPACES = re.compile(r"[+-]?[0-9]{1,3}( [0-9]{3})+([.,][0-9]+)?")
GROUPS_OF_QUOTES = re.compile(r"[+-]?[0-9]{1,3}(['’][0-9]{3})+(\.[0-9]+)?")
WITH_SYMBOL = re.compile(
    r"(?P<before>[^\d\s+.,-]{1,3})?\s*[+-]?\s*[\d.,' ]*\d\s*(?P<behind>[^\d\s.,+-]{1,3})?"
)
WORD = re.compile(r"[^\d]*[^\W\d_][^\d]*")
SECONDS = re.compile(r"[0-9]{9,10}(\.[0-9]+)?")
MILLISECONDS = re.compile(r"[0-9]{12,13}")
POSITIVE_WORDS = ("yes", "true", "y", "t", "on", "won", "ja", "oui", "si", "1")
NEGATIVE_WORDS = (
    "no",
    "false",
    "n",
    "f",
    "off",
    "lost",
    "nein",
    "non",
    "0",
)
DATE_FORMATS = (
    "%d.%m.%Y",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d-%m-%Y",
    "%m-%d-%Y",
    "%Y/%m/%d",
    "%Y.%m.%d",
    "%d %b %Y",
    "%d %B %Y",
    "%b %d, %Y",
    "%B %d, %Y",
    "%d.%m.%y",
    "%m/%d/%y",
)
TIMES = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", "T%H:%M:%S")
FORMATS = [day + time for day in DATE_FORMATS for time in TIMES]
FEW_WORDS = 3
SIMILAR = 0.7


def hint(rule: CellRule, cells: Sequence[str]) -> str:
    """Return what some rejected cells of a column look like and what to write; empty where nothing is likely.

    Args:
        rule: of the column.
        cells: as the file has them; those that break no rule are left aside.
    """
    texts = [clean_text(cell) for cell in cells]
    rejected = [text for text in texts if _is_rejected(rule, text)]
    if not rejected:
        return ""
    if all(not text for text in rejected):
        return 'the cell is empty; add "" to null_tokens'
    for guess in _guesses(rule):
        advice = guess(rule, rejected)
        if advice:
            return advice
    return ""


def _is_rejected(rule: CellRule, text: str) -> bool:
    try:
        read_cell(rule, text)
    except CellError:
        return True
    return False


Guess = Callable[[CellRule, Sequence[str]], str]


def _guesses(rule: CellRule) -> Sequence[Guess]:
    """Return what is tried for a column, the likeliest first."""
    if rule.type in NUMBERS:
        return (
            _two_tokens,
            _decimal_and_thousands,
            _fraction,
            _too_large,
            _symbols,
            _date_in_number,
            _missing_word,
            _out_of_bounds,
        )
    if rule.type in TEMPORAL:
        return (_date_format, _epoch, _missing_word)
    if rule.type == "yes_no":
        return (_two_tokens, _missing_word)
    return (_level, _too_long)


def _all(pattern: re.Pattern[str], cells: Sequence[str]) -> bool:
    return all(pattern.fullmatch(cell) for cell in cells)


def _decimal_and_thousands(rule: CellRule, cells: Sequence[str]) -> str:
    """Recognise marks in a number that the contract does not name."""
    example = repr(cells[0])
    with_fraction = any(
        cell.rfind(",") > cell.rfind(".") >= 0 for cell in cells
    )
    if _all(GROUPS_OF_DOTS, cells) and with_fraction:
        return (
            f"{example} looks like a decimal comma and dots between thousands; write files: "
            '{decimal: ",", thousands: "."}'
        )
    if _all(GROUPS_OF_COMMAS, cells) and rule.style.thousands != ",":
        return f'{example} looks like commas between thousands; write files: {{thousands: ","}}'
    if _all(DECIMAL_COMMA, cells) and rule.style.decimal != ",":
        return f'{example} looks like a decimal comma; write files: {{decimal: ","}}'
    if _all(GROUPS_OF_SPACES, cells):
        return f'{example} looks like spaces between thousands; write files: {{thousands: " "}}'
    if _all(GROUPS_OF_QUOTES, cells):
        return f'{example} looks like apostrophes between thousands; write files: {{thousands: "\'"}}'
    if _all(GROUPS_OF_DOTS, cells) and not _all(NUMBER, cells):
        return f'{example} looks like dots between thousands; write files: {{decimal: ",", thousands: "."}}'
    if rule.style.decimal == "," and _all(NUMBER, cells):
        return f'{example} has a decimal point, and the contract says a comma; write files: {{decimal: "."}}'
    return ""


def _fraction(rule: CellRule, cells: Sequence[str]) -> str:
    if rule.type != "integer" or not _all(NUMBER, cells):
        return ""
    if all(INTEGER.fullmatch(cell) for cell in cells):
        return ""
    return f"{cells[0]!r} is no whole number; write type: number"


def _too_large(rule: CellRule, cells: Sequence[str]) -> str:
    if rule.type != "integer" or not _all(INTEGER, cells):
        return ""
    if all(len(cell.partition(".")[0].strip("+-")) >= 10 for cell in cells):
        return f"{cells[0]!r} does not fit into 32 bits; write type: number, or type: string if it only names something"
    return ""


def _symbols(rule: CellRule, cells: Sequence[str]) -> str:
    """Recognise a percent sign or a currency."""
    symbols: list[str] = []
    for cell in cells:
        match = WITH_SYMBOL.fullmatch(cell)
        if match is None or not (match["before"] or match["behind"]):
            return ""
        symbols += [sign for sign in (match["before"], match["behind"]) if sign]
    names = sorted(set(symbols))
    if len(names) > FEW_WORDS:
        return ""
    symbol_list = json.dumps(names, ensure_ascii=False)
    meaning = "; 12% is then read as 12" if "%" in names else ""
    return f"{cells[0]!r} has a sign around the number; write symbols: {symbol_list} at the column{meaning}"


def _date_in_number(_rule: CellRule, cells: Sequence[str]) -> str:
    if _formats_of(cells) or all(_is_iso(cell) for cell in cells):
        return f"{cells[0]!r} looks like a date; write type: date or type: timestamp"
    return ""


def _missing_word(rule: CellRule, cells: Sequence[str]) -> str:
    """Recognise a word in place of a value."""
    words = sorted(set(cells))
    if len(words) > FEW_WORDS or not _all(WORD, words):
        return ""
    word_list = json.dumps(words, ensure_ascii=False)
    advice = f"{words[0]!r} looks like a word for missing; add {word_list} to null_tokens"
    if rule.type in NUMBERS:
        advice += ", or write type: category if it is a level"
    return advice


def _two_tokens(rule: CellRule, cells: Sequence[str]) -> str:
    """Recognise the words of an outcome or a boolean."""
    is_outcome = (rule.type, rule.minimum, rule.maximum) == ("integer", 0, 1)
    words = sorted(set(cells))
    outcome_words = (*POSITIVE_WORDS, *NEGATIVE_WORDS)
    familiar = [word for word in words if word.casefold() in outcome_words]
    if is_outcome and words in (["2"], ["1", "2"]):
        return (
            "'2' is neither 0 nor 1; if the outcome is written as 1 and 2, write "
            'positive: ["2"], negative: ["1"] at the outcome, or the other way round'
        )
    if rule.type in NUMBERS and not is_outcome and len(familiar) < 2:
        return ""
    if rule.type in NUMBERS and not familiar:
        return ""
    if len(words) > FEW_WORDS:
        return f"{words[0]!r} is one of {len(words)} different texts, and there can be two; write type: category"
    positive = [word for word in words if word.casefold() in POSITIVE_WORDS]
    negative = [word for word in words if word.casefold() in NEGATIVE_WORDS]
    known_words = (
        f"positive: {json.dumps(positive or ['?'], ensure_ascii=False)}, "
    )
    known_words += (
        f"negative: {json.dumps(negative or ['?'], ensure_ascii=False)}"
    )
    unknown = [word for word in words if word not in (*positive, *negative)]
    if len(unknown) == len(words):
        return f"{words[0]!r} is neither of the two tokens; write positive: [...] and negative: [...]"
    where = "outcome" if is_outcome else "column, with type: boolean"
    advice = f"{words[0]!r} looks like a word for yes or no; write {known_words} at the {where}"
    if unknown:
        advice += f"; {unknown[0]!r} is neither"
    return advice


def _out_of_bounds(rule: CellRule, cells: Sequence[str]) -> str:
    if not _all(NUMBER, cells):
        return ""
    numbers = [float(cell) for cell in cells]
    if rule.minimum is not None and min(numbers) < rule.minimum:
        return f"{cells[0]!r} lies below minimum: {rule.minimum:g}; correct the file or the bound"
    if rule.maximum is not None and max(numbers) > rule.maximum:
        return f"{cells[0]!r} lies above maximum: {rule.maximum:g}; correct the file or the bound"
    return ""


def _date_format(_rule: CellRule, cells: Sequence[str]) -> str:
    """Recognise how dates are written; with days up to 12 only, both readings are named."""
    formats = _formats_of(cells)
    if not formats:
        return ""
    advice = f'{cells[0]!r} is written as {formats[0]}; write files: {{date_formats: ["{formats[0]}"]}}'
    if len(formats) > 1:
        advice += f", or {formats[1]} if the month comes first"
    return advice


def _formats_of(cells: Sequence[str]) -> list[str]:
    fitting = []
    for written in FORMATS:
        if all(_is_written(cell, written) for cell in cells):
            fitting.append(written)
    return fitting


def _is_written(cell: str, written: str) -> bool:
    try:
        datetime.strptime(cell, written)  # noqa: DTZ007 - only its form counts
    except ValueError:
        return False
    return True


def _is_iso(cell: str) -> bool:
    if cell.isdecimal():
        return False
    try:
        datetime.fromisoformat(cell)
    except ValueError:
        return False
    return True


def _epoch(_rule: CellRule, cells: Sequence[str]) -> str:
    if _all(SECONDS, cells):
        return f"{cells[0]!r} looks like seconds since 1970; write files: {{date_formats: [epoch]}}"
    if _all(MILLISECONDS, cells):
        return f"{cells[0]!r} looks like milliseconds since 1970, which are not read; export seconds or ISO 8601"
    return ""


def _level(rule: CellRule, cells: Sequence[str]) -> str:
    """Find the level that a text nearly is."""
    if not rule.levels:
        return ""
    folded = {level.casefold(): level for level in rule.levels}
    near = difflib.get_close_matches(
        cells[0].casefold(), folded, 1, cutoff=SIMILAR
    )
    if near:
        return f"{cells[0]!r} is nearly {folded[near[0]]!r}; correct the file, or the spelling in order"
    return f"{cells[0]!r} is none of the levels; add it to order where it belongs, or to null_tokens"


def _too_long(rule: CellRule, cells: Sequence[str]) -> str:
    longest = max(cells, key=len)
    if rule.text_bytes is None or len(longest.encode()) <= rule.text_bytes:
        return ""
    if rule.type == "category":
        return "a text as long as this is no level; write type: string"
    return "the text is longer than the warehouse holds; shorten it in the file"
