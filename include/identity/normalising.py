"""Normalise columns of keys, each spelling once, however many rows and sources have it.

with KeyNormaliser(rules.spelling, processes=2) as normaliser:
    normaliser.column(leads["phone"], "phone").values
    normaliser.column(calls["phone"], "phone").values    # numbers that the leads have are not read again
"""

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.identity.codes import flags, one_array, places_in
from include.identity.spellings import (
    NORMALISERS,
    SEPARATED,
    SpellingRules,
)

PIECE = 20_000
"""Spellings that a process normalises at a time."""
SEPARATED_NUMBER = rf"\A(tel:)?{SEPARATED.pattern}\z"
SEPARATOR_OF_NUMBERS = r"\Atel:|[ ()-]"
CLEAN_ID = r"\A[!-~]([ -~]*[!-~])?\z"
"""Characters of ASCII without white space around them: such an id is its own key."""


@dataclass(frozen=True)
class NormalColumn:
    """A normalised column of keys.

    Attributes:
        values: text, null where the cell is empty or no key; as long as the column.
        problems: problem to number of cells.
    """

    values: pa.Array
    problems: Counter[str]


@dataclass(frozen=True)
class _Keys:
    """Different spellings of one kind and what they are normalised to, each of shape (spellings,).

    Attributes:
        spellings: as they were read.
        values: of the keys, null where a spelling is none.
        problems: why a spelling is no key, empty where nothing is wrong.
    """

    spellings: pa.Array
    values: pa.Array
    problems: pa.Array

    @classmethod
    def joined(cls, parts: Sequence["_Keys"]) -> "_Keys":
        """Return the spellings of several parts, at least one."""
        return cls(
            pa.concat_arrays([part.spellings for part in parts]),
            pa.concat_arrays([part.values for part in parts]),
            pa.concat_arrays([part.problems for part in parts]),
        )


class KeyNormaliser(AbstractContextManager["KeyNormaliser"]):
    """Normalise columns of keys, and remember every spelling until the end."""

    def __init__(self, rules: SpellingRules, processes: int = 1) -> None:
        """Begin without any spelling.

        Args:
            rules: of spellings.
            processes: that normalise spellings; the library reads some ten thousand phone numbers a second.
        """
        self._rules = rules
        self._processes = processes
        self._pool: ProcessPoolExecutor | None = None
        nothing = pa.array([], pa.string())
        self._keys = {
            kind: _Keys(nothing, nothing, nothing) for kind in NORMALISERS
        }

    def __exit__(self, *error: object) -> None:
        """End the processes."""
        if self._pool is not None:
            self._pool.shutdown()

    def column(self, column: Any, kind: str) -> NormalColumn:
        """Return a column of keys normalised.

        Args:
            column: spellings; numbers count as their text.
            kind: `id`, `email` or `phone`.
        """
        encoded = one_array(column.cast(pa.string())).dictionary_encode()
        spellings = encoded.dictionary
        if kind == "phone":
            spellings = _without_separators(spellings)
        places = pa.array(self._places(spellings, kind))
        keys = self._keys[kind]
        problems = keys.problems.take(places)
        indices = encoded.indices
        return NormalColumn(
            values=keys.values.take(places).take(indices),
            problems=_count_cells(problems, indices),
        )

    def _places(self, spellings: pa.Array, kind: str) -> Any:
        """Return the place of each spelling among those that are remembered, all of which are by then."""
        keys = self._keys[kind]
        is_new = places_in(spellings, keys.spellings) < 0
        new = pc.unique(spellings.filter(pa.array(is_new)))
        parts = (
            self._normal_ids(new)
            if kind == "id"
            else self._normalised(new, kind)
        )
        keys = _Keys.joined([keys, *parts])
        self._keys[kind] = keys
        return places_in(spellings, keys.spellings)

    def _normal_ids(self, ids: pa.Array) -> list[_Keys]:
        """Normalise different ids, most of which are keys as they are."""
        is_clean = pc.match_substring_regex(ids, CLEAN_ID)
        clean = ids.filter(is_clean)
        problems = pa.repeat(pa.scalar("", pa.string()), len(clean))
        others = ids.filter(pc.invert(is_clean))
        keys = _Keys(clean, clean, problems)
        return [keys, *self._normalised(others, "id")]

    def _normalised(self, spellings: pa.Array, kind: str) -> list[_Keys]:
        """Normalise different spellings, on several processes if there are many."""
        work = partial(_normal_piece, kind=kind, rules=self._rules)
        texts = spellings.to_pylist()
        if self._processes == 1 or len(texts) <= PIECE:
            return [work(texts)]
        if self._pool is None:
            # The threads of pyarrow forbid a fork.
            context = get_context("spawn")
            self._pool = ProcessPoolExecutor(self._processes, context)
        starts = range(0, len(texts), PIECE)
        pieces = [texts[start : start + PIECE] for start in starts]
        return list(self._pool.map(work, pieces))


def _normal_piece(texts: list[str], kind: str, rules: SpellingRules) -> _Keys:
    """Return the keys of spellings, as arrays: another process hands these over at little cost."""
    normalise = NORMALISERS[kind]
    keys = [normalise(text, rules) for text in texts]
    return _Keys(
        pa.array(texts, pa.string()),
        pa.array([key.value for key in keys], pa.string()),
        pa.array([key.problem for key in keys], pa.string()),
    )


def _without_separators(numbers: pa.Array) -> pa.Array:
    """Return phone numbers without the separators that mean nothing: most spellings of a number are then one."""
    separated = pc.match_substring_regex(numbers, SEPARATED_NUMBER)
    digits = pc.replace_substring_regex(numbers, SEPARATOR_OF_NUMBERS, "")
    return pc.if_else(separated, digits, numbers)


def _count_cells(problems: pa.Array, indices: pa.Array) -> Counter[str]:
    """Return the number of cells with each problem.

    Args:
        problems: of each different spelling, empty where nothing is wrong.
        indices: of each cell's spelling, null for an empty cell.
    """
    spellings = indices.drop_null().to_numpy()
    cells = np.bincount(spellings, minlength=len(problems))
    has_problem = flags(pc.not_equal(problems, ""))
    counts: Counter[str] = Counter()
    names = problems.filter(pa.array(has_problem)).to_pylist()
    for name, number in zip(names, cells[has_problem].tolist(), strict=True):
        counts[name] += number
    return counts
