"""Find the people of rows that refer to them, such as events.

    indexes = key_indexes(ledger, rules)
    people = resolve(indexes, rows, "emails", rules, loaded_at, "arrived_at")

A row belongs to the first person to whom one of its keys led; of keys that led somewhere at the same moment the
strongest decides. What becomes known later does not change that. A feature as of a moment uses rows with `known_from`
<= moment, and follows the merges until then (`include.identity.ledger.id_intervals`).
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.identity.claims import MOMENT, moments_of
from include.identity.codes import flags, microseconds, one_array, places_in
from include.identity.components import Flags, Numbers
from include.identity.ledger import Ledger, living
from include.identity.normalising import KeyNormaliser
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
    conflicting: Flags
    problems: Mapping[str, Counter[str]] = field(default_factory=dict)


class KeyIndex:
    """Find the person of each value of one key, for many tables."""

    def __init__(self, ledger: Ledger, name: str) -> None:
        """Read the keys of a name."""
        keys = ledger.keys.filter(pc.equal(ledger.keys["name"], name))
        self._values = one_array(keys["value"])
        self.person_ids = one_array(keys["person_id"])
        self.living_ids = one_array(living(keys["person_id"], ledger.merges))
        self._valid_from = microseconds(keys["valid_from"])
        self._retired_from = np.full(len(self._values), NEVER)
        retired = ledger.retired
        retired = retired.filter(pc.equal(retired["name"], name))
        places = self.places(one_array(retired["value"]))
        ends = microseconds(retired["valid_from"])
        is_listed = places >= 0
        self._retired_from[places[is_listed]] = ends[is_listed]

    def places(self, values: pa.Array) -> Numbers:
        """Return the place of each value, -1 where nobody has it."""
        return places_in(values, self._values)

    def known_from(self, places: Numbers, arrived: Numbers) -> Numbers:
        """Return since when each row's key leads to its person, NEVER where it does not."""
        known_from = np.full(places.size, NEVER)
        key_rows = np.flatnonzero(places >= 0)
        of_keys = self._valid_from[places[key_rows]]
        both = np.maximum(of_keys, arrived[key_rows])
        valid = both < self._retired_from[places[key_rows]]
        known_from[key_rows[valid]] = both[valid]
        return known_from


def key_indexes(ledger: Ledger, rules: IdentityRules) -> dict[str, KeyIndex]:
    """Return an index for each key, strongest first."""
    return {name: KeyIndex(ledger, name) for name in rules.names}


def resolve(
    indexes: Mapping[str, KeyIndex],
    rows: pa.Table,
    source: str,
    rules: IdentityRules,
    loaded_at: datetime,
    arrived_at: str | None = None,
    normaliser: KeyNormaliser | None = None,
) -> People:
    """Return the person of each row.

    Args:
        indexes: of `key_indexes`; the same for every part of a large table.
        rows: of the source, columns as the declaration names them.
        source: its name in the declaration.
        rules: of identity.
        loaded_at: moment of the load, with a time zone.
        arrived_at: column of moments in UTC at which rows arrived; without it, and for empty or later ones,
            `loaded_at`.
        normaliser: of the rules' spellings, which remembers those that it has read; by default a new one.
    """
    normaliser = normaliser or KeyNormaliser(rules.spelling)
    arrived = microseconds(moments_of(rows, loaded_at, arrived_at))
    matches = _Found(arrived)
    problems: dict[str, Counter[str]] = {}
    columns = rules.sources[source].columns
    for name in rules.names:
        problems[name] = Counter()
        for column in columns.get(name, ()):
            if column not in rows.column_names:
                continue
            normal = normaliser.column(rows[column], rules.kind(name))
            problems[name] += normal.problems
            matches.look_up(name, normal.values, indexes[name])
    return matches.people(problems)


class _Found:
    """Collect the person of each row, key by key."""

    def __init__(self, arrived: Numbers) -> None:
        self._arrived = arrived
        self._known_from = np.full(arrived.size, NEVER)
        self._person_ids = pa.nulls(arrived.size, pa.string())
        self._living_ids = self._person_ids
        self._names = self._person_ids
        self._conflicting = np.zeros(arrived.size, dtype=np.bool_)

    def look_up(self, name: str, values: pa.Array, index: KeyIndex) -> None:
        """Let the rows whose key was known earlier than their others belong to the person of this key."""
        places = index.places(values)
        known_from = index.known_from(places, self._arrived)
        leads = known_from < NEVER
        lead_places = pa.array(places, mask=~leads)
        living_ids = index.living_ids.take(lead_places)
        differ = pc.not_equal(living_ids, self._living_ids)
        self._conflicting |= flags(pc.fill_null(differ, False))
        earlier = known_from < self._known_from
        mask = pa.array(earlier)
        person_ids = index.person_ids.take(lead_places)
        self._known_from = np.where(earlier, known_from, self._known_from)
        self._person_ids = pc.if_else(mask, person_ids, self._person_ids)
        self._living_ids = pc.if_else(mask, living_ids, self._living_ids)
        self._names = pc.if_else(mask, name, self._names)

    def people(self, problems: Mapping[str, Counter[str]]) -> People:
        """Return what was found."""
        nobody = self._known_from == NEVER
        stamps = pa.array(self._known_from, pa.int64(), mask=nobody)
        return People(
            person_id=self._person_ids,
            known_from=stamps.cast(MOMENT),
            name=self._names,
            conflicting=self._conflicting,
            problems=problems,
        )
