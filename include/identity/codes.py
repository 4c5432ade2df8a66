"""Number records and keys: each is one text, and its number is its place among the texts in order."""

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.identity.components import Flags, Numbers

SEPARATOR = "\x1f"
"""Between the parts of a text that stands for a record or a key; no cell holds it."""
ID_BYTES = 10
STRENGTH_DIGITS = 3
"""A key's text opens with the place of its name among the keys, strongest first."""


@dataclass(frozen=True)
class Coded:
    """Texts by numbers.

    Attributes:
        texts: different texts in order, shape (n,).
        numbers: of each row, shape (rows,).
    """

    texts: pa.Array
    numbers: Numbers


def person_id(record_text: str) -> str:
    """Return the id of the person that a record founds."""
    digest = hashlib.blake2b(record_text.encode(), digest_size=ID_BYTES)
    return f"p{digest.hexdigest()}"


def record_texts(table: pa.Table) -> pa.Array:
    """Return one text for each record of a table with source and record."""
    return one_array(
        pc.binary_join_element_wise(table["source"], table["record"], SEPARATOR)
    )


def key_texts(table: pa.Table, names: tuple[str, ...]) -> pa.Array:
    """Return one text for each key of a table with name and value; a stronger key comes first in order."""
    strengths = pa.array(
        [f"{place:0{STRENGTH_DIGITS}d}" for place in range(len(names))]
    )
    places = pc.index_in(table["name"], value_set=pa.array(names, pa.string()))
    strength = strengths.take(one_array(places))
    value = one_array(table["value"])
    return pc.binary_join_element_wise(strength, value, SEPARATOR)


def one_array(column: Any) -> pa.Array:
    """Return a column as one array."""
    if not isinstance(column, pa.ChunkedArray):
        return column
    if column.num_chunks == 1:
        return column.chunk(0)
    return pa.concat_arrays([pa.array([], column.type), *column.chunks])


def coded(texts: pa.Array) -> Coded:
    """Return texts by numbers in their order."""
    encoded = texts.dictionary_encode()
    order = pc.sort_indices(encoded.dictionary)
    places = order.to_numpy().astype(np.int64)
    ranks = np.empty(places.size, dtype=np.int64)
    ranks[places] = np.arange(places.size)
    numbers = ranks[encoded.indices.to_numpy()]
    return Coded(texts=encoded.dictionary.take(order), numbers=numbers)


def places_in(texts: pa.Array, of: pa.Array) -> Numbers:
    """Return where each text stands in different texts, -1 if it does not."""
    places = pc.index_in(texts, value_set=of, skip_nulls=True)
    numbers: Numbers = pc.fill_null(places, -1).to_numpy().astype(np.int64)
    return numbers


def microseconds(column: Any) -> Numbers:
    """Return moments in microseconds since 1970."""
    numbers: Numbers = one_array(column).cast(pa.int64()).to_numpy()
    return numbers


def flags(values: Any) -> Flags:
    """Return truth values without nulls as an array."""
    array: Flags = one_array(values).to_numpy(zero_copy_only=False)
    return array


def split(texts: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Return the text before the first separator and that behind it."""
    parts = pc.split_pattern(texts, SEPARATOR, max_splits=1)
    return pc.list_element(parts, 0), pc.list_element(parts, 1)
