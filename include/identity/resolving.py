"""Find the people of rows that refer to them, such as events.

    people = resolve(ledger, rows, "emails", rules, arrived_at="arrived_at")

A row belongs to the first person to whom one of its keys led; of keys that led somewhere at the same moment the
strongest decides. What becomes known later does not change that. A feature as of a moment uses rows with `known_from`
<= moment, and follows the merges until then (`include.identity.ledger.id_intervals`).
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from include.identity.claims import MOMENT, moments_of, normal_column
from include.identity.components import Numbers
from include.identity.ledger import Ledger, living
from include.identity.rules import IdentityRules

NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True)
class People:
    """The people of the rows of a table.

    Attributes:
        person_id: as the ledger's keys have it, null for rows of nobody; as long as the table.
        known_from: since when that is known, null for rows of nobody.
        name: of the key that led there, null for rows of nobody.
        conflicting: whether another key of the row leads to another person.
        problems: name of a key to problem to number of cells that are no key for it.
    """

    person_id: pa.Array
    known_from: pa.Array
    name: pa.Array
    conflicting: NDArray[np.bool_]
    problems: Mapping[str, Counter[str]] = field(default_factory=dict)


class KeyIndex:
    """Find the person of each value of one key, for many tables."""

    def __init__(self, ledger: Ledger, name: str) -> None:
        """Read the keys of a name."""
        keys = ledger.keys.filter(pc.equal(ledger.keys["name"], name))
        self._values = _one_array(keys["value"])
        self.person_ids = _one_array(keys["person_id"])
        self.living_ids = _one_array(living(keys["person_id"], ledger.merges))
        self._valid_from = _numbers(keys["valid_from"])
        self._retired_from = np.full(len(self._values), NEVER)
        retired = ledger.retired
        retired = retired.filter(pc.equal(retired["name"], name))
        places = self.places(_one_array(retired["value"]))
        ends = _numbers(retired["valid_from"])
        found = places >= 0
        self._retired_from[places[found]] = ends[found]

    def places(self, values: pa.Array) -> Numbers:
        """Return the place of each value, -1 where nobody has it."""
        places = pc.index_in(values, value_set=self._values)
        places = pc.fill_null(places, -1).to_numpy().astype(np.int64)
        places[pc.is_null(values).to_numpy(zero_copy_only=False)] = -1
        return places

    def known_from(self, places: Numbers, arrived: Numbers) -> Numbers:
        """Return since when each row's key leads to its person, NEVER where it does not."""
        known_from = np.full(places.size, NEVER)
        found = np.flatnonzero(places >= 0)
        of_keys = self._valid_from[places[found]]
        both = np.maximum(of_keys, arrived[found])
        valid = both < self._retired_from[places[found]]
        known_from[found[valid]] = both[valid]
        return known_from


def key_indexes(ledger: Ledger, rules: IdentityRules) -> dict[str, KeyIndex]:
    """Return an index for each key, strongest first."""
    return {name: KeyIndex(ledger, name) for name in rules.names}


def resolve(
    indexes: Mapping[str, KeyIndex],
    rows: pa.Table,
    source: str,
    rules: IdentityRules,
    arrived_at: str | datetime,
) -> People:
    """Return the person of each row.

    Args:
        indexes: of `key_indexes`; the same for every part of a large table.
        rows: of the source, columns as the declaration names them.
        source: its name in the declaration.
        rules: of identity.
        arrived_at: column of moments in UTC, or the moment at which all rows arrived, with a time zone.
    """
    arrived = _numbers(moments_of(rows, arrived_at))
    known_from = np.full(rows.num_rows, NEVER)
    person_ids = pa.nulls(rows.num_rows, pa.string())
    living_ids = person_ids
    names = person_ids
    conflicting = np.zeros(rows.num_rows, dtype=np.bool_)
    problems: dict[str, Counter[str]] = {}
    columns = rules.sources[source].columns
    for name in (name for name in rules.names if name in columns):
        problems[name] = Counter()
        index = indexes[name]
        for column in columns[name]:
            if column not in rows.column_names:
                continue
            normal = normal_column(
                rows[column], rules.kind(name), rules.spelling
            )
            problems[name] += normal.problems
            places = index.places(normal.values)
            key_known_from = index.known_from(places, arrived)
            leads = key_known_from < NEVER
            rows_of_key = pa.array(np.where(leads, places, 0), mask=~leads)
            key_living = index.living_ids.take(rows_of_key)
            other = pc.not_equal(key_living, living_ids)
            conflicting |= pc.fill_null(other, False).to_numpy(
                zero_copy_only=False
            )
            earlier = key_known_from < known_from
            mask = pa.array(earlier)
            known_from = np.where(earlier, key_known_from, known_from)
            key_people = index.person_ids.take(rows_of_key)
            person_ids = pc.if_else(mask, key_people, person_ids)
            living_ids = pc.if_else(mask, key_living, living_ids)
            names = pc.if_else(mask, name, names)
    stamps = pa.array(known_from, pa.int64(), mask=known_from == NEVER)
    return People(
        person_id=person_ids,
        known_from=stamps.cast(MOMENT),
        name=names,
        conflicting=conflicting,
        problems=problems,
    )


def _one_array(column: Any) -> pa.Array:
    """Return a column as one array."""
    if not isinstance(column, pa.ChunkedArray):
        return column
    return pa.concat_arrays([pa.array([], column.type), *column.chunks])


def _numbers(column: Any) -> Numbers:
    """Return moments in microseconds."""
    return _one_array(column).cast(pa.int64()).to_numpy()
