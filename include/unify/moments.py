"""Say when each lead is scored: the moment of each stage, and never after an outcome of it was known.

natural moment   what the contract's `stages` says, of what is known by then
moment           the natural one if it came before any outcome was known; else just before that one occurred. Never
                 later than the run's moment, which an open lead has until its stage is reached
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.contract.format.features import Events
from include.contract.model import SCORING_STAGES, KnownAt
from include.identity.resolving import NEVER
from include.unify.people import Owned, People
from include.unify.plan import Plan
from include.unify.rows import Flags, Numbers, SourceRows


@dataclass(frozen=True)
class Outcomes:
    """The outcome of each person.

    Attributes:
        first_known: when the first one was known, NEVER without one, shape (people,).
        first_occurred: when that one had occurred, shape (people,).
        last_row: row of the source that holds in the end, -1 without one, shape (people,).
        changed: people of whom two rows said different things.
        withdrawn: people whose last row says nothing, and an earlier one did.
        open_again: whether the last row of each says nothing, shape (people,).
    """

    first_known: Numbers
    first_occurred: Numbers
    last_row: Numbers
    changed: int
    withdrawn: int
    open_again: Flags


@dataclass(frozen=True)
class FirstKnown:
    """The first outcome of each person that was known: when it was, and when it had occurred; NEVER without one."""

    known: Numbers
    occurred: Numbers


def read_outcomes(
    column: pa.ChunkedArray, rows: SourceRows, owned: Owned, people: int
) -> Outcomes:
    """Return the outcome of each person; the last row to occur holds, then the last to arrive.

    Args:
        column: that holds the outcome, 1, 0 or missing.
        rows: of its source.
        owned: whose they are.
        people: number of people.
    """
    values = pc.fill_null(column.cast(pa.int64()), -1).to_numpy()
    decided = values[owned.rows] >= 0
    first = _first_known(rows, owned, decided, people)
    last = last_rows(rows, owned, np.full(people, NEVER - 1))
    lowest = np.full(people, NEVER)
    highest = np.full(people, -1)
    own_values = values[owned.rows]
    np.minimum.at(lowest, owned.people[decided], own_values[decided])
    np.maximum.at(highest, owned.people[decided], own_values[decided])
    has_last = last >= 0
    says_nothing = np.zeros(people, dtype=np.bool_)
    says_nothing[has_last] = values[last[has_last]] < 0
    return Outcomes(
        first_known=_moments_of(owned.since, first),
        first_occurred=_moments_of(rows.occurred[owned.rows], first),
        last_row=last,
        changed=int((highest > lowest).sum()),
        withdrawn=int((says_nothing & (highest >= 0)).sum()),
        open_again=says_nothing,
    )


def earliest(outcomes: Sequence[Outcomes]) -> FirstKnown:
    """Return the outcome of each person that was known first, whichever it is; of several the first to occur.

    Args:
        outcomes: of the same people, at least one.
    """
    first, *others = outcomes
    known = first.first_known
    occurred = first.first_occurred
    for other in others:
        is_earlier = (other.first_known < known) | (
            (other.first_known == known) & (other.first_occurred < occurred)
        )
        known = np.where(is_earlier, other.first_known, known)
        occurred = np.where(is_earlier, other.first_occurred, occurred)
    return FirstKnown(known, occurred)


def last_rows(
    rows: SourceRows,
    owned: Owned,
    moments: Numbers,
    among: Flags | None = None,
) -> Numbers:
    """Return for each person the row that held at a moment: the last to occur of those known by then, -1 without one.

    Args:
        rows: of a source.
        owned: whose they are.
        moments: of each person, shape (people,).
        among: which of the owned rows count, by default all.
    """
    usable = owned.since <= moments[owned.people]
    if among is not None:
        usable &= among
    numbers = owned.rows[usable]
    people = owned.people[usable]
    since = owned.since[usable]
    order = np.lexsort((numbers, since, rows.occurred[numbers], people))
    last = np.full(moments.size, -1, dtype=np.int64)
    # Of several writes to one place the last one stays.
    last[people[order]] = numbers[order]
    return last


def stage_moments(
    plan: Plan,
    rows: Mapping[str, SourceRows],
    people: People,
    created: Numbers,
    captured: Numbers,
    outcome: FirstKnown,
    as_of: int,
) -> dict[KnownAt, Numbers]:
    """Return the moment of each stage, shape (people,).

    Args:
        plan: of the contract.
        rows: source to its rows.
        people: whose they are.
        created: creation of each lead, shape (people,).
        captured: when the first row of each was known, shape (people,).
        outcome: of each that was known first.
        as_of: the run's moment.
    """
    natural: dict[KnownAt, Numbers] = {}
    for stage in SCORING_STAGES:
        rule = plan.stages[stage]
        if isinstance(rule, Events):
            moments = _first_event(rule, rows, people)
        elif stage is KnownAt.CAPTURE:
            moments = captured + rule
        else:
            moments = created + rule
        earliest = natural.get(KnownAt.CAPTURE, captured)
        natural[stage] = np.maximum(moments, earliest)
    just_before = outcome.occurred - 1
    return {
        stage: np.minimum(
            np.where(moments < outcome.known, moments, just_before),
            as_of,
        )
        for stage, moments in natural.items()
    }


def _first_event(
    events: Events, rows: Mapping[str, SourceRows], people: People
) -> Numbers:
    """Return when that of some events of each person occurred which was known first, NEVER without one."""
    source = rows[events.source]
    owned = people.owned[events.source]
    fits = np.ones(source.table.num_rows, dtype=np.bool_)
    for column, levels in events.where.items():
        value_set = pa.array(list(levels), pa.string())
        column_fits = pc.is_in(source.table[column], value_set=value_set)
        fits &= column_fits.to_numpy()
    first = _first_known(source, owned, fits[owned.rows], len(people.ids))
    return _moments_of(source.occurred[owned.rows], first)


def _first_known(
    rows: SourceRows, owned: Owned, among: Flags, people: int
) -> Numbers:
    """Return for each person the place among the owned rows of the one that was known first, -1 without one.

    An event that had occurred before and arrives later is not the first: nobody knew of it.
    """
    places = np.flatnonzero(among)
    occurred = rows.occurred[owned.rows[places]]
    order = np.lexsort((occurred, owned.since[places], owned.people[places]))
    backward = places[order][::-1]
    first = np.full(people, -1, dtype=np.int64)
    first[owned.people[backward]] = backward
    return first


def _moments_of(moments: Numbers, places: Numbers) -> Numbers:
    """Return the moment at each place, NEVER where there is none."""
    result = np.full(places.size, NEVER)
    is_there = places >= 0
    result[is_there] = moments[places[is_there]]
    return result
