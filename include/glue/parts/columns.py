"""Types a whole column of cells at once, by the rule of one cell.

Each different text of a column is read once, by `include.contract.cells.read_cell`. Only where a column holds a great
many different texts, Arrow reads those that are plain: a plain text's value is the same under every rule of its type,
which a test compares with `read_cell`.
"""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from include.contract.cells import CellError, CellRule, read_cell
from include.contract.text import clean_text

MANY_TEXTS = 2_000
"""So many different texts in one block are worth Arrow's rules; fewer are read one by one."""
KEPT_TEXTS = 100_000
"""Texts whose value is remembered from block to block."""

PLAIN_TEXT = r"^[!-~]([ -~]*[!-~])?$"
"""Printable ASCII without outer white space: `clean_text` changes nothing."""
PLAIN_INTEGER = r"^-?[0-9]{1,9}$"
PLAIN_NUMBER = r"^-?[0-9]{1,15}(\.[0-9]{1,15})?$"

TYPES = {
    "integer": pa.int32(),
    "number": pa.float64(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
}
BROKEN = object()

Flags = npt.NDArray[np.bool_]


def arrow_type(rule: CellRule) -> pa.DataType:
    """Return the type of a column's values in Parquet."""
    return TYPES.get(rule.type, pa.string())


class TypedColumn(NamedTuple):
    """The values of a column.

    Attributes:
        values: None where a cell is missing or breaks the column's rule.
        broken_cells: which cells break the rule; None for none of them.
        null_tokens: text that means missing and is not empty, by its code among the cells.
    """

    values: pa.Array
    broken_cells: Flags | None
    null_tokens: dict[int, str]


class ColumnTyper:
    """Types the blocks of one column, and remembers the value of every text that it has seen."""

    def __init__(self, rule: CellRule) -> None:
        """Remember the rule; nothing has been read yet."""
        self._rule = rule
        self._type = arrow_type(rule)
        self._seen: dict[str, object] = {}
        # a rule that says more than these attributes is left to `read_cell`
        self._arrow_knows_rule = rule == CellRule(
            type=rule.type,
            null_tokens=rule.null_tokens,
            minimum=rule.minimum,
            maximum=rule.maximum,
            text_bytes=rule.text_bytes,
            date_formats=rule.date_formats,
            time_zone=rule.time_zone,
        ) and rule.type in ("string", "category", "integer", "number")

    def type_cells(self, cells: pa.DictionaryArray) -> TypedColumn:
        """Return the values of the cells: of text as a dictionary array, of numbers as they are."""
        texts = cells.dictionary
        codes = cells.indices.to_numpy()
        if len(texts) >= MANY_TEXTS and self._arrow_knows_rule:
            values, broken_texts = self._type_many(texts)
        else:
            values, broken_texts = self._type_few(texts)
        tokens: dict[int, str] = {}
        if values.null_count > broken_texts.sum():
            tokens = _null_tokens(texts, values, broken_texts)
        spread = _spread(values, codes)
        return TypedColumn(
            spread, broken_texts[codes] if broken_texts.any() else None, tokens
        )

    def _type_few(self, texts: pa.Array) -> tuple[pa.Array, Flags]:
        """Return each text's value, None where it is missing or broken, and which texts are broken."""
        results = [self._read(text) for text in texts.to_pylist()]
        broken_texts = np.array(
            [result is BROKEN for result in results], np.bool_
        )
        values = [None if result is BROKEN else result for result in results]
        return pa.array(values, self._type), broken_texts

    def _read(self, text: str) -> object:
        """Return what `read_cell` says of a text, BROKEN for one that it refuses."""
        if text in self._seen:
            return self._seen[text]
        result: object
        try:
            result = read_cell(self._rule, text)
        except CellError:
            result = BROKEN
        if len(self._seen) >= KEPT_TEXTS:
            self._seen.clear()
        self._seen[text] = result
        return result

    def _type_many(self, texts: pa.Array) -> tuple[pa.Array, Flags]:
        """Return what `_type_few` returns; plain texts are typed by Arrow."""
        plain, values = self._type_plain(texts)
        if plain.all():
            return values, ~plain
        others = np.flatnonzero(~plain)
        other_values, other_broken = self._type_few(
            texts.take(pa.array(others))
        )
        # each text's place among the values of both kinds
        places = np.arange(len(texts))
        places[others] = len(texts) + np.arange(len(others))
        values = pa.concat_arrays([values, other_values]).take(pa.array(places))
        broken_texts = np.zeros(len(texts), np.bool_)
        broken_texts[others] = other_broken
        return values, broken_texts

    def _type_plain(self, texts: pa.Array) -> tuple[Flags, pa.Array]:
        """Return which texts are plain and within the rule, and their values (None for the others)."""
        tokens = pa.array(sorted(self._rule.null_tokens), pa.string())
        pattern = {"integer": PLAIN_INTEGER, "number": PLAIN_NUMBER}.get(
            self._rule.type, PLAIN_TEXT
        )
        plain = pc.and_not(
            pc.match_substring_regex(texts, pattern),
            pc.is_in(texts, value_set=tokens),
        )
        if self._rule.text_bytes is not None:
            short = pc.less_equal(
                pc.binary_length(texts), self._rule.text_bytes
            )
            plain = pc.and_(plain, short)
        none = pa.scalar(None, pa.string())
        values = pc.if_else(plain, texts, none).cast(self._type)
        if self._rule.text_bytes is None:
            plain = pc.and_(plain, self._within_bounds(values))
        return plain.to_numpy(zero_copy_only=False), values

    def _within_bounds(self, numbers: pa.Array) -> pa.Array:
        smallest = self._rule.minimum
        largest = self._rule.maximum
        within = pc.and_(
            pc.greater_equal(
                numbers, -math.inf if smallest is None else smallest
            ),
            pc.less_equal(numbers, math.inf if largest is None else largest),
        )
        return pc.fill_null(within, False)


def _null_tokens(
    texts: pa.Array, values: pa.Array, broken_texts: Flags
) -> dict[int, str]:
    """Return each text that is not empty and means missing, by its place."""
    missing = values.is_null().to_numpy(zero_copy_only=False) & ~broken_texts
    cleaned = {
        int(code): clean_text(texts[code].as_py())
        for code in np.flatnonzero(missing)
    }
    return {code: token for code, token in cleaned.items() if token}


def _spread(values: pa.Array, codes: npt.NDArray[np.int32]) -> pa.Array:
    """Return the value of each cell; text as a dictionary array, each different value once in its dictionary."""
    if not pa.types.is_string(values.type):
        return values.take(pa.array(codes))
    encoded = values.dictionary_encode()
    return pa.DictionaryArray.from_arrays(
        encoded.indices.take(pa.array(codes)), encoded.dictionary
    )
