"""Bring the story's systems together as a platform would: whose each row is, and since when that was known.

Nothing of the truth is read here. Of a row that arrived twice the first arrival counts.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from bench.story.declared import declared
from demo.story.story import World, draw_cell
from include.identity.claims import MOMENT, read_load
from include.identity.ledger import Ledger, id_intervals, living, people_of
from include.identity.matching import match
from include.identity.resolving import KeyIndex, key_indexes, resolve

FILES = {
    "leads": "crm/leads",
    "interactions": "crm/interactions",
    "emails": "marketing/email",
    "applications": "applications",
}
"""Source to the folder that the generator names it by."""
UNREAD_KIND = "sent"
"""E-mails of this kind are left out before anything else: no feature reads them, and they are half of all rows."""
LOADED = datetime(2030, 1, 1, tzinfo=UTC)
"""Later than every arrival, so that each row is known from its own arrival on."""


@dataclass(frozen=True)
class Story:
    """What a platform knows of one story, and the truth beside it.

    Attributes:
        leads: `lead_key`, `created_at`, `arrived_at` of the first record, and `contact_at` of the first call, which is
            missing where there was none; one row for each lead.
        sources: `leads`, `events` and `applications`: rows with `lead_key`, `occurred_at`, `arrived_at` and the
            columns of the source. `arrived_at` is when a row was there and its person known.
        people: the truth, with the `lead_key` under which a person's first record goes.
    """

    leads: pd.DataFrame
    sources: dict[str, pa.Table]
    people: pd.DataFrame


def read_story(world: World) -> Story:
    """Draw a story and bring its systems together."""
    tables, people = _draw(world)
    ledger = _matched(tables["leads"])
    owner = _Owner(ledger)
    leads = owner.owned(_with_medium(tables["leads"]), "leads")
    events = pa.concat_tables(
        [
            owner.owned(_interactions(tables["interactions"]), "interactions"),
            owner.owned(_emails(tables["emails"]), "emails"),
        ],
        promote_options="default",
    )
    sources = {
        "leads": leads,
        "events": events,
        "applications": owner.owned(tables["applications"], "applications"),
    }
    keys = people_of(ledger).to_pandas().set_index("record")["person_id"]
    people["lead_key"] = people["lead_id"].map(keys)
    return Story(_moments(sources), sources, people)


def _draw(world: World) -> tuple[dict[str, pa.Table], pd.DataFrame]:
    """Return the rows of each source by their first arrival, and the truth of each person."""
    parts: dict[str, list[pa.Table]] = {name: [] for name in FILES}
    people = []
    for index in world.cells:
        cell = draw_cell(world, index)
        people.append(cell.people)
        for name, folder in FILES.items():
            rows = _first_arrivals(cell.sources[folder])
            if name == "emails":
                rows = rows.filter(pc.not_equal(rows["kind"], UNREAD_KIND))
            parts[name].append(_without_empty_text(rows))
    tables = {name: pa.concat_tables(rows) for name, rows in parts.items()}
    return tables, pa.concat_tables(people).to_pandas()


def _first_arrivals(rows: pa.Table) -> pa.Table:
    """Return each row once; rows come in the order of arrival."""
    _, places = np.unique(rows["row_id"].to_numpy(), return_index=True)
    return rows.take(pa.array(np.sort(places)))


def _without_empty_text(rows: pa.Table) -> pa.Table:
    """Return rows with missing cells where text is empty."""
    columns = {}
    for name in rows.column_names:
        column = rows[name]
        if pa.types.is_string(column.type):
            empty = pc.equal(column, "")
            column = pc.if_else(empty, pa.scalar(None, pa.string()), column)
        columns[name] = column
    return pa.table(columns)


def _matched(leads: pa.Table) -> Ledger:
    """Return who is who by all records of the CRM."""
    rules = declared().identity
    load = read_load(leads, "leads", rules, "lead_id", LOADED, "arrived_at")
    empty = Ledger.empty()
    return empty.plus(match(empty, load, rules))


class _Owner:
    """Say whose rows are."""

    def __init__(self, ledger: Ledger) -> None:
        self._indexes: dict[str, KeyIndex] = key_indexes(
            ledger, declared().identity
        )
        self._merges = ledger.merges
        intervals = id_intervals(ledger)
        last = intervals.filter(pc.is_null(intervals["valid_to"]))
        self._ended = last["person_id"].combine_chunks()
        self._merged_at = last["valid_from"].combine_chunks()

    def owned(self, rows: pa.Table, source: str) -> pa.Table:
        """Return the rows of somebody, with `lead_key`, and `arrived_at` from which on both are known.

        A row of an id that ended is the living one's from the merge on, and not before.
        """
        people = resolve(
            self._indexes,
            rows,
            source,
            declared().identity,
            LOADED,
            "arrived_at",
        )
        ids = pa.chunked_array([people.person_id])
        keys = living(ids, self._merges).combine_chunks()
        places = pc.index_in(people.person_id, value_set=self._ended)
        merged_at = self._merged_at.take(places)
        moments = pc.max_element_wise(
            people.known_from.cast(pa.int64()), merged_at.cast(pa.int64())
        )
        place = rows.column_names.index("arrived_at")
        rows = rows.set_column(place, "arrived_at", moments.cast(MOMENT))
        rows = rows.append_column("lead_key", keys)
        return rows.filter(pc.is_valid(keys))


def _with_medium(rows: pa.Table) -> pa.Table:
    """Add whether the channel of a lead costs money."""
    paid_channels = pa.array(declared().paid_channels)
    is_paid = pc.is_in(rows["channel"], value_set=paid_channels)
    medium = pc.if_else(is_paid, "paid", "organic")
    return rows.append_column("medium", medium)


def _interactions(rows: pa.Table) -> pa.Table:
    columns = [
        "lead_id",
        "email",
        "kind",
        "direction",
        "occurred_at",
        "arrived_at",
    ]
    return rows.select(columns)


def _emails(rows: pa.Table) -> pa.Table:
    """Return opens and clicks as touches of the lead."""
    direction = pa.repeat(pa.scalar("in"), rows.num_rows)
    rows = rows.select(["email", "kind", "occurred_at", "arrived_at"])
    return rows.append_column("direction", direction)


def _moments(sources: dict[str, pa.Table]) -> pd.DataFrame:
    """Return each lead's moments: of its first record, and of the first call."""
    records = sources["leads"].select(["lead_key", "created_at", "arrived_at"])
    moments = records.group_by("lead_key").aggregate(
        [("created_at", "min"), ("arrived_at", "min")]
    )
    moments = moments.rename_columns(["lead_key", "created_at", "arrived_at"])
    events = sources["events"]
    calls = events.filter(pc.equal(events["kind"], "call"))
    first = calls.group_by("lead_key").aggregate([("occurred_at", "min")])
    first = first.rename_columns(["lead_key", "contact_at"])
    leads: pd.DataFrame = moments.join(first, "lead_key").to_pandas()
    return leads.sort_values("lead_key", ignore_index=True)
