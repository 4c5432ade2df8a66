"""Find out whose each row is, and since when that was known.

A row belongs to a person from the moment on at which it is known and its keys lead to the person. Where a person turns
out to be another one, the row belongs to that one too, from the merge on.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.identity.claims import read_load
from include.identity.codes import (
    microseconds,
    one_array,
    person_id,
    places_in,
    record_texts,
)
from include.identity.ledger import Ledger, id_intervals
from include.identity.matching import match
from include.identity.normalising import KeyNormaliser
from include.identity.report import MatchReport, match_report, with_rows
from include.identity.resolving import NEVER, key_indexes, resolve
from include.unify.plan import Plan
from include.unify.rows import KNOWN, Numbers, SourceRows

NOBODY = -1
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Owned:
    """Rows of a source with the person whom they belong to; a row may stand here more than once.

    Attributes:
        rows: number of each row in the source, shape (n,).
        people: number of the person, shape (n,).
        since: from when that is known, shape (n,).
    """

    rows: Numbers
    people: Numbers
    since: Numbers


@dataclass(frozen=True)
class People:
    """Who everybody is.

    Attributes:
        ids: of all people that ever were, shape (people,).
        ends: when each turned out to be another one, NEVER for those who live, shape (people,).
        founders: key of the lead that each person began with.
        owned: source to its rows with their people.
        report: how rows were matched.
        rows_of_nobody: source to the number of its rows that belong to no person.
    """

    ids: pa.Array
    ends: Numbers
    founders: pa.Array
    owned: Mapping[str, Owned]
    report: MatchReport
    rows_of_nobody: Mapping[str, int]

    def without(self, source: str) -> "People":
        """Return the people without the rows of a source."""
        nothing = np.empty(0, dtype=np.int64)
        owned = {**self.owned, source: Owned(nothing, nothing, nothing)}
        return replace(self, owned=owned)

    @property
    def living(self) -> Numbers:
        """Return the numbers of the people who live."""
        return np.flatnonzero(self.ends == NEVER)


class PeopleFinder:
    """Find the people of one source after the other, so that no two of them need be in memory.

    finder = PeopleFinder(plan, leads, as_of)
    finder.add("calls", calls)
    finder.people()
    """

    def __init__(
        self,
        plan: Plan,
        leads: SourceRows,
        as_of: int,
        normaliser: KeyNormaliser | None = None,
    ) -> None:
        """Match the records of the leads.

        Args:
            plan: of the contract.
            leads: rows of the source that defines people.
            as_of: the last moment of which anything is known.
            normaliser: of keys, for all sources; by default one of a single process.
        """
        self._plan = plan
        self._normaliser = normaliser or KeyNormaliser(plan.rules.spelling)
        self._loaded_at = EPOCH + timedelta(microseconds=as_of)
        load = read_load(
            leads.table,
            plan.leads.name,
            plan.rules,
            plan.contract.key,
            self._loaded_at,
            KNOWN,
            self._normaliser,
        )
        empty = Ledger.empty()
        self._ledger = empty.plus(match(empty, load, plan.rules))
        self._report = match_report(empty, self._ledger, load, plan.rules)
        self._ids = pc.unique(one_array(self._ledger.records["person_id"]))
        self._merges = _Merges(self._ledger, self._ids)
        self._indexes = key_indexes(self._ledger, plan.rules)
        self._owned: dict[str, Owned] = {}
        self._rows_of_nobody: dict[str, int] = {}

    def add(self, name: str, rows: SourceRows) -> None:
        """Find the people of the rows of a source, that of the leads among them."""
        if name == self._plan.leads.name:
            numbers, since = _record_people(
                self._plan, self._ledger, rows, self._ids
            )
        else:
            numbers, since = self._resolved(name, rows)
        owned = self._merges.follow(numbers, since)
        self._owned[name] = owned
        owned_rows = int(np.unique(owned.rows).size)
        self._rows_of_nobody[name] = rows.table.num_rows - owned_rows

    def _resolved(self, name: str, rows: SourceRows) -> tuple[Numbers, Numbers]:
        """Return the person of each row that refers to people, and since when it is known."""
        people = resolve(
            self._indexes,
            rows.table,
            name,
            self._plan.rules,
            self._loaded_at,
            KNOWN,
            self._normaliser,
        )
        self._report = with_rows(self._report, name, people)
        numbers = places_in(people.person_id, self._ids)
        since = pc.fill_null(people.known_from.cast(pa.int64()), 0)
        return numbers, np.maximum(since.to_numpy(), rows.known_at)

    def people(self) -> People:
        """Return the people, and whose the rows are that were added."""
        return People(
            self._ids,
            self._merges.ends,
            _founders(self._ledger, self._ids),
            self._owned,
            self._report,
            self._rows_of_nobody,
        )


def _record_people(
    plan: Plan, ledger: Ledger, rows: SourceRows, ids: pa.Array
) -> tuple[Numbers, Numbers]:
    """Return the person of each row of the leads as its record came, and since when it is known."""
    keys = one_array(rows.table[plan.contract.key].cast(pa.string()))
    records = one_array(ledger.records["record"])
    places = places_in(keys, records)
    people = places_in(one_array(ledger.records["person_id"]), ids)
    numbers = np.where(places < 0, NOBODY, people[places])
    return numbers, rows.known_at


def _founders(ledger: Ledger, ids: pa.Array) -> pa.Array:
    """Return the key of the record that each person's id follows from."""
    texts = record_texts(ledger.records).to_pylist()
    founder_ids = pa.array([person_id(text) for text in texts], pa.string())
    places = places_in(ids, founder_ids)
    records = one_array(ledger.records["record"])
    return records.take(pa.array(places))


class _Merges:
    """Follow people who turned out to be others."""

    def __init__(self, ledger: Ledger, ids: pa.Array) -> None:
        """Read the merges of a ledger."""
        intervals = id_intervals(ledger)
        self._ended = places_in(one_array(intervals["person_id"]), ids)
        self._lives_as = places_in(one_array(intervals["lives_as"]), ids)
        self._from = microseconds(intervals["valid_from"])
        until = pc.fill_null(intervals["valid_to"].cast(pa.int64()), NEVER)
        self._until = until.to_numpy()
        self.ends = np.full(len(ids), NEVER)
        np.minimum.at(self.ends, self._ended, self._from)

    def follow(self, people: Numbers, since: Numbers) -> Owned:
        """Return rows with their people, and with those that they live on as."""
        somebody = np.flatnonzero(people != NOBODY)
        still_own = somebody[since[somebody] < self.ends[people[somebody]]]
        rows = [still_own]
        owners = [people[still_own]]
        moments = [since[still_own]]
        order = np.argsort(people, kind="stable")
        for ended, lives_as, start, end in zip(
            self._ended, self._lives_as, self._from, self._until, strict=True
        ):
            begin = np.searchsorted(people, ended, "left", sorter=order)
            behind = np.searchsorted(people, ended, "right", sorter=order)
            of_person = order[begin:behind]
            later = np.maximum(since[of_person], start)
            valid = later < end
            rows.append(of_person[valid])
            owners.append(np.full(int(valid.sum()), lives_as))
            moments.append(later[valid])
        return Owned(
            np.concatenate(rows),
            np.concatenate(owners).astype(np.int64),
            np.concatenate(moments),
        )
