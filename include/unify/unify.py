"""Put the leads of several sources together: one row for each lead.

unified = unify(contract, {"crm": table, "calls": table}, compute=in_duckdb)
unified.leads       # the contract's columns, as of the moments of their stages
unified.report      # what was read, whose it was, and what is odd
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import pyarrow as pa

from include.asof.rate_history import RateHistory
from include.contract.model import Contract
from include.identity.normalising import KeyNormaliser
from include.unify.errors import UnifyError
from include.unify.gates import (
    MISSING,
    SourceProblem,
    late_rows,
    refused_matches,
)
from include.unify.leads import Compute, CountRate, Leads
from include.unify.people import People, PeopleFinder
from include.unify.plan import Plan, plan_of
from include.unify.rows import (
    KNOWN,
    Flags,
    SourceRows,
    last_arrival,
    source_rows,
)


@dataclass(frozen=True)
class Unified:
    """Leads of several sources.

    Attributes:
        leads: one row for each lead, the contract's columns in their order.
        merged: keys of the leads' source that are no leads of their own, and of the lead that each has become.
        withdrawn: name of each outcome to whether its last row says nothing, for each lead.
        moments: key of each lead and the moment of each stage, in microseconds since 1970, in the same order.
        as_of: the run's moment.
        report: what was read and whose it was, as plain values.
        problems: what is wrong with sources, in the order of the contract.
        rates: name of each historical rate to its counts up to the run's moment; empty where they were not asked for.
    """

    leads: pa.Table
    merged: Mapping[str, str]
    withdrawn: Mapping[str, Flags]
    moments: pa.Table
    as_of: int
    report: dict[str, Any]
    problems: tuple[SourceProblem, ...]
    rates: Mapping[str, RateHistory]


def unify(
    contract: Contract,
    tables: Mapping[str, pa.Table | None],
    compute: Compute,
    as_of: int | None = None,
    processes: int = 1,
    count_rate: CountRate | None = None,
    refused: Mapping[str, SourceProblem] = MappingProxyType({}),
    moments: Mapping[str, pa.Table | None] | None = None,
) -> Unified:
    """Return the leads of a contract with sources.

    Args:
        contract: with `unify`.
        tables: source to its typed rows, with `source_changed_at`, the time of their file. A source that is not there
            is named, and features of it are missing.
        compute: computes features.
        as_of: the run's moment in microseconds since 1970; by default that of the last arrival.
        processes: that normalise keys.
        count_rate: counts the outcomes of rates, of which one lead's features can then be computed elsewhere.
        refused: sources whose files have not passed their gates, and why. They are left out, but for that of the leads,
            without which there is nothing to put together.
        moments: source to the columns of its moments, from which the last arrival is read first; by default `tables`,
            which it then reads twice.

    Raises:
        UnifyError: there are no leads, or a column is missing.
    """
    plan = plan_of(contract)
    known_until = as_of
    if known_until is None:
        known_until = _last_arrival(
            plan, tables if moments is None else moments
        )
    rows, people = _rows_and_people(plan, tables, as_of, known_until, processes)
    refused = {**refused, **_unmatched(plan, rows, people)}
    problems = _source_problems(plan, rows, refused, known_until)
    for name in refused.keys() - {plan.leads.name}:
        rows[name] = _without_rows(rows[name])
        people = people.without(name)
    leads = Leads(plan, rows, people, known_until)
    return Unified(
        problems=problems,
        leads=leads.table(compute),
        merged=leads.merged(),
        withdrawn=leads.withdrawn(),
        moments=leads.moments_table(),
        as_of=known_until,
        report=leads.report(),
        rates=leads.rates(count_rate) if count_rate else {},
    )


def _rows_and_people(
    plan: Plan,
    tables: Mapping[str, pa.Table | None],
    as_of: int | None,
    known_until: int,
    processes: int,
) -> tuple[dict[str, SourceRows], People]:
    """Return the rows of each source and whose they are; the keys of one source are in memory at a time.

    Raises:
        UnifyError: there are no leads, or a column is missing.
    """
    leads = plan.leads
    records = _rows_of(plan, leads.name, tables, as_of)
    if not records.table.num_rows:
        raise UnifyError(
            f"source {leads.name} has no rows below {leads.prefix}; without leads nothing can be put together"
        )
    rows: dict[str, SourceRows] = {}
    with KeyNormaliser(plan.rules.spelling, processes) as normaliser:
        finder = PeopleFinder(plan, records, known_until, normaliser)
        for name in plan.sources:
            of_source = records
            if name != leads.name:
                of_source = _rows_of(plan, name, tables, as_of)
            finder.add(name, of_source)
            rows[name] = _read_later(plan, name, of_source)
    return rows, finder.people()


def _unmatched(
    plan: Plan, rows: Mapping[str, SourceRows], people: People
) -> dict[str, SourceProblem]:
    """Return the sources of which too many rows belong to nobody."""
    refused: dict[str, SourceProblem] = {}
    for name, source in plan.sources.items():
        problem = refused_matches(
            source, rows[name].table.num_rows, people.rows_of_nobody[name]
        )
        if problem is not None:
            refused[name] = problem
    return refused


def _source_problems(
    plan: Plan,
    rows: Mapping[str, SourceRows],
    refused: Mapping[str, SourceProblem],
    as_of: int,
) -> tuple[SourceProblem, ...]:
    """Return what is wrong with each source, in the order of the contract."""
    problems: list[SourceProblem] = []
    for name, source in plan.sources.items():
        late = late_rows(source, rows[name].last_arrived, as_of)
        if name in refused:
            problems.append(refused[name])
        elif not rows[name].table.num_rows:
            reason = f"it has no row below {source.prefix}"
            problems.append(SourceProblem(name, MISSING, reason))
        if late is not None:
            problems.append(late)
    return tuple(problems)


def _without_rows(rows: SourceRows) -> SourceRows:
    """Return a source of which nothing is used; its counts stay."""
    return replace(
        rows,
        table=rows.table.slice(0, 0),
        occurred=rows.occurred[:0],
        known_at=rows.known_at[:0],
    )


def _last_arrival(plan: Plan, tables: Mapping[str, pa.Table | None]) -> int:
    """Return the moment of the last arrival of all sources, the beginning of time where nothing is there."""
    arrivals = [0]
    for name, source in plan.sources.items():
        arrival = last_arrival(source, tables.get(name))
        if arrival is not None:
            arrivals.append(arrival)
    return max(arrivals)


def _rows_of(
    plan: Plan,
    name: str,
    tables: Mapping[str, pa.Table | None],
    as_of: int | None,
) -> SourceRows:
    """Return the rows of a source, with the columns that are read."""
    source = plan.sources[name]
    columns = plan.read_columns(name)
    return source_rows(source, tables.get(name), as_of, columns)


def _read_later(plan: Plan, name: str, rows: SourceRows) -> SourceRows:
    """Return the rows of a source without the columns that only identity reads, which take most of the memory."""
    columns = {KNOWN, *plan.columns_of_leads(name)}
    names = [column for column in rows.table.column_names if column in columns]
    return replace(rows, table=rows.table.select(names))
