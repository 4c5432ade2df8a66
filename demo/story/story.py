"""Make the story cell by cell: 10,000 people at a time, each cell from its own seed.

A cell's content depends on the number of leads, the seed and the cell's index, and on nothing else. So cells may be
made one by one, in any order, and put together in files of any size.
"""

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from demo.story.arrivals import Arrivals, arrive
from demo.story.dates import Bools, Floats, Ints
from demo.story.effects import (
    SPEED_LABELS,
    Probabilities,
    at_capture,
    at_contact,
    at_engagement,
)
from demo.story.identities import draw_identities
from demo.story.journeys import draw_journeys
from demo.story.population import (
    INDUSTRIES,
    Accounts,
    draw_accounts,
    draw_people,
)
from demo.story.systems import NOBODY, CellFacts, Rows, record

CELL_SIZE = 10_000
ROWS_PER_CELL = 10_000_000
"""More than any source has rows in a cell: the ids of two cells never meet."""
STAGES = ("capture", "engagement", "contact")
SOURCES = (
    "crm/leads",
    "crm/interactions",
    "marketing/email",
    "marketing/ads",
    "applications",
)
MOMENT = pa.timestamp("us", tz="UTC")


@dataclass(frozen=True)
class World:
    """What all cells share: number of leads, seed, companies."""

    leads: int
    seed: int
    accounts: Accounts

    @property
    def cells(self) -> range:
        """Return the indices of the cells."""
        number = math.ceil(self.leads / CELL_SIZE)
        return range(number)


@dataclass(frozen=True)
class Cell:
    """One cell as Arrow tables.

    `sources` holds for each of `SOURCES` what arrives, in the order of arrival. `records` says for each of them whose
    each row is (`row_id`, `person_id`; NULL for nobody). `people` has one row for each person, with outcomes, drivers
    and true probabilities.
    """

    sources: dict[str, pa.Table]
    records: dict[str, pa.Table]
    people: pa.Table


def make_world(leads: int, seed: int) -> World:
    """Draw what all cells share.

    Raises:
        ValueError: `leads` is not between 1 and 5,000,000.
    """
    if not 1 <= leads <= 5_000_000:
        raise ValueError(f"leads has to be 1 to 5,000,000, not {leads}")
    rng = np.random.default_rng([seed, 0])
    return World(leads, seed, draw_accounts(leads, rng))


def draw_facts(world: World, index: int) -> CellFacts:
    """Draw all that is true of the people of one cell."""
    rng = np.random.default_rng([world.seed, 1, index])
    start = index * CELL_SIZE
    end = min(start + CELL_SIZE, world.leads)
    numbers = np.arange(start, end)
    people = draw_people(numbers, world.leads, world.accounts, rng)
    journeys = draw_journeys(people, rng)
    identities = draw_identities(people, world.seed, rng)
    return CellFacts(people, journeys, identities)


def draw_cell(world: World, index: int) -> Cell:
    """Draw one cell: what the systems record of its people, and the truth."""
    facts = draw_facts(world, index)
    rng = np.random.default_rng([world.seed, 2, index])
    sources = {}
    records = {}
    for rows in record(facts, rng):
        arrivals = arrive(_with_ids(rows, index), rng)
        sources[rows.source] = _source_table(arrivals)
        records[rows.source] = _records_table(facts, arrivals.rows)
    return Cell(sources, records, people_table(facts))


def _with_ids(rows: Rows, index: int) -> Rows:
    """Number the rows in the order in which they happened. Rows that arrive twice share the number."""
    ranks = np.empty(len(rows.person), dtype=np.int64)
    order = np.argsort(rows.occurred_at, kind="stable")
    ranks[order] = np.arange(len(order))
    row_ids = index * ROWS_PER_CELL + ranks
    columns = {"row_id": row_ids, **rows.columns}
    return replace(rows, columns=columns)


def _source_table(arrivals: Arrivals) -> pa.Table:
    columns = {}
    for name, cells in arrivals.rows.columns.items():
        columns[name] = _arrow(cells)
    columns["occurred_at"] = _arrow(arrivals.rows.occurred_at)
    columns["arrived_at"] = _arrow(arrivals.arrived_at)
    return pa.table(columns)


def _records_table(facts: CellFacts, rows: Rows) -> pa.Table:
    person_ids = facts.people.number[rows.person]
    columns = {
        "row_id": _arrow(rows.columns["row_id"]),
        "person_id": pa.array(person_ids, mask=rows.person == NOBODY),
    }
    return pa.table(columns)


def people_table(facts: CellFacts) -> pa.Table:
    """Return the truth of each person of a cell.

    `p_converted_<stage>` is the probability that the lead converts, given all that truly occurred before the stage's
    moment; `p_approved_<stage>` is that of approval, given in addition that the lead converts. Those of `contact` are
    NULL where no rep ever called. `approved` is NULL where nothing was decided.
    """
    people = facts.people
    journeys = facts.journeys
    outcomes = journeys.outcomes
    undecided = np.isnat(outcomes.decided_at)
    columns = {
        "person_id": pa.array(people.number),
        "lead_id": _arrow(facts.identities.lead_ids),
        "captured_at": _arrow(people.captured_at),
        "engagement_at": _arrow(journeys.engaged_at),
        "contact_at": _arrow(journeys.contact_at),
        "paid": pa.array(people.paid),
        "industry": pa.array(INDUSTRIES[people.industry]),
        "speed": pa.array(SPEED_LABELS[journeys.history.speed]),
        "answered": pa.array(journeys.history.answered == 1),
        "touches": pa.array(journeys.history.touches),
        "recency": _recency(journeys.history.recency),
        "converted": pa.array(outcomes.converted),
        "started_at": _arrow(outcomes.started_at),
        "converted_at": _arrow(outcomes.submitted_at),
        "approved": pa.array(outcomes.approved, mask=undecided),
        "decided_at": _arrow(outcomes.decided_at),
        "withdrawn_at": _arrow(outcomes.withdrawn_at),
        **_probability_columns(facts),
    }
    return pa.table(columns)


def _recency(blocks: Ints) -> pa.Array:
    """Return the blocks since the last touch; NULL where there was none after the first seven days."""
    return pa.array(blocks, mask=blocks > 100)


def _probability_columns(facts: CellFacts) -> dict[str, pa.Array]:
    uncalled = np.isnat(facts.journeys.contact_at)
    nowhere = np.zeros(len(uncalled), dtype=bool)
    columns = {}
    for stage, probabilities in stage_probabilities(facts).items():
        mask = uncalled if stage == "contact" else nowhere
        columns[f"p_converted_{stage}"] = pa.array(
            probabilities.converted, mask=mask
        )
        columns[f"p_approved_{stage}"] = pa.array(
            probabilities.approved, mask=mask
        )
    return columns


def stage_probabilities(facts: CellFacts) -> dict[str, Probabilities]:
    """Compute the true probabilities of a cell's people at each stage."""
    history = facts.journeys.history
    return {
        "capture": at_capture(facts.people),
        "engagement": at_engagement(facts.people, history),
        "contact": at_contact(facts.people, history),
    }


def _arrow(cells: Any) -> pa.Array:
    """Convert a column: texts as they are ('' stays ''), moments to microseconds in UTC, NaN and NaT to NULL."""
    if cells.dtype.kind == "M":
        moments = cells.astype("datetime64[us]")
        return pa.array(moments).cast(pa.timestamp("us")).cast(MOMENT)
    if cells.dtype.kind == "f":
        return pa.array(cells, from_pandas=True)
    if cells.dtype == object:
        return pa.array(cells, type=pa.string())
    return pa.array(cells)


def best_auc(people: pa.Table, outcome: str, stage: str) -> float:
    """Compute the best ROC-AUC that any score of an outcome can have at a stage.

    Args:
        people: Rows of the truth (`people_table`).
        outcome: `converted`, or `approved` (of the converted leads whose application was decided).
        stage: One of `STAGES`.
    """
    scores = people[f"p_{outcome}_{stage}"]
    labels = people[outcome]
    has_both = pc.and_(scores.is_valid(), labels.is_valid())
    usable_scores = scores.filter(has_both).to_numpy()
    usable_labels = labels.filter(has_both).to_numpy()
    return roc_auc(usable_scores, usable_labels)


def roc_auc(scores: Floats, labels: Bools) -> float:
    """Compute the area under the ROC curve; equal scores count half."""
    _, positions, counts = np.unique(
        scores, return_inverse=True, return_counts=True
    )
    last_ranks = np.cumsum(counts)
    mean_ranks = last_ranks - (counts - 1) / 2
    ranks = mean_ranks[positions]
    positives = int(labels.sum())
    negatives = len(labels) - positives
    lowest_sum = positives * (positives + 1) / 2
    rank_sum = ranks[labels].sum()
    pairs = positives * negatives
    return float((rank_sum - lowest_sum) / pairs)
