"""The story's rows as somebody hands them over lead by lead: each with whose it is, and since when that was known."""

from collections import defaultdict

from bench.unify import STORY, source_tables
from include.asof.in_duckdb import count_rate
from include.contract import load_contract
from include.unify.one_lead import SentEvent
from include.unify.people import PeopleFinder
from include.unify.plan import plan_of
from include.unify.rows import source_rows
from include.unify.unify import unify
from tests.include.unify.helpers import compute


class Story:
    """A story of so many leads, as a batch puts them together and as events of each."""

    def __init__(self, leads):
        self.contract = load_contract(str(STORY))
        self.plan = plan_of(self.contract)
        tables = source_tables(self.contract, leads)
        self.batch = unify(
            self.contract, tables, compute, count_rate=count_rate
        )
        self.as_of = self.batch.as_of
        self.events = sent_events(self.plan, tables, self.as_of)

    @property
    def leads(self):
        """Return each lead of the batch by its key."""
        key = self.contract.key
        return {row[key]: row for row in self.batch.leads.to_pylist()}

    @property
    def moments(self):
        """Return the moment of each stage of each lead."""
        key = self.contract.key
        return {row.pop(key): row for row in self.batch.moments.to_pylist()}


def sent_events(plan, tables, as_of):
    """Return the events of each lead, in the order of their rows."""
    rows = {
        name: source_rows(source, tables.get(name), as_of)
        for name, source in plan.sources.items()
    }
    finder = PeopleFinder(plan, rows[plan.leads.name], as_of)
    for name, source in rows.items():
        finder.add(name, source)
    people = finder.people()
    founders = people.founders.to_pylist()
    events = defaultdict(list)
    for name, source in rows.items():
        values = source.table.to_pylist()
        owned = people.owned[name]
        for row, person, since in sorted(
            zip(owned.rows, owned.people, owned.since, strict=True)
        ):
            event = SentEvent(
                name, int(source.occurred[row]), int(since), values[row]
            )
            events[founders[person]].append(event)
    return events
