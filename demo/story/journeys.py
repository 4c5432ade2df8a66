"""Draw what happens to people after capture: outreach, answer, touches, first call, application, decision."""

from dataclasses import dataclass

import numpy as np

from demo.story import effects
from demo.story.dates import (
    APPROVAL_SHIFT,
    DAY_SECONDS,
    Bools,
    Floats,
    Ints,
    Moments,
    after,
    in_block,
)
from demo.story.effects import Base, History
from demo.story.population import People, draw_levels

SPEED_HOURS = np.array([[0.05, 1.0], [1.0, 24.0], [24.0, 96.0]])
"""First and last hour of the outreach, for each speed."""
ENGAGEMENT_DAYS = 7
EARLY_BLOCK_SHARES = np.array([0.3, 0.18, 0.14, 0.12, 0.1, 0.09, 0.07])
CALLED_SHARE = 0.95
CLOSED_SHARE = 0.97
"""Of leads that do not convert, so many are closed as lost; the others stay open."""
WITHDRAWN_SHARE = 0.02


@dataclass(frozen=True)
class Touches:
    """Things that leads did themselves, replies to the first outreach not counted.

    `person` is the position of the person in the cell.
    """

    person: Ints
    at: Moments


@dataclass(frozen=True)
class Outcomes:
    """What came of each person. Moments are NaT where the thing did not happen.

    `approved` says what was decided; it means nothing where `decided_at` is NaT.
    """

    converted: Bools
    started_at: Moments
    submitted_at: Moments
    approved: Bools
    decided_at: Moments
    withdrawn_at: Moments
    closed_at: Moments


@dataclass(frozen=True)
class Journeys:
    """The life of each person after capture; `contact_at` is NaT where no rep ever called."""

    history: History
    outreach_at: Moments
    answered_at: Moments
    engaged_at: Moments
    contact_at: Moments
    early: Touches
    late: Touches
    outcomes: Outcomes


def draw_journeys(people: People, rng: np.random.Generator) -> Journeys:
    """Draw the journeys of people by the true effects."""
    base = effects.base_of(people)
    speed = draw_levels(effects.speed_shares(base), rng)
    outreach_at = _draw_outreach(people, speed, rng)
    answer_share = effects.answer_probability(base, speed)
    answered = rng.random(len(speed)) < answer_share
    answered_at = _draw_answers(outreach_at, answered, rng)
    early = _draw_early_touches(people, base, answered, rng)
    size = len(speed)
    counts = np.bincount(early.person, minlength=size)
    touches = counts + answered
    call_block = _draw_call_blocks(size, rng)
    as_number = answered.astype(np.int64)
    rate = effects.late_rate(touches, as_number)
    late, recency = _draw_late_touches(people, call_block, rate, rng)
    history = History(speed, as_number, touches, recency, call_block)
    contact_at = in_block(
        people.captured_at, call_block, people.utc_offsets, rng
    )
    uncalled = rng.random(size) >= CALLED_SHARE
    contact_at[uncalled] = np.datetime64("NaT")
    week = np.full(size, ENGAGEMENT_DAYS * DAY_SECONDS)
    return Journeys(
        history=history,
        outreach_at=outreach_at,
        answered_at=answered_at,
        engaged_at=after(people.captured_at, week),
        contact_at=contact_at,
        early=early,
        late=late,
        outcomes=_draw_outcomes(people, base, history, rng),
    )


def _draw_outreach(
    people: People, speed: Ints, rng: np.random.Generator
) -> Moments:
    first, last = SPEED_HOURS[speed].T
    hours = rng.uniform(first, last)
    return after(people.captured_at, hours * 3600)


def _draw_answers(
    outreach_at: Moments, answered: Bools, rng: np.random.Generator
) -> Moments:
    """Draw when each answer came, within 47 hours of the outreach; NaT where none did."""
    hours = 0.2 + rng.exponential(10.0, len(answered))
    hours = np.minimum(hours, 47.0)
    answered_at = after(outreach_at, hours * 3600)
    answered_at[~answered] = np.datetime64("NaT")
    return answered_at


def _draw_early_touches(
    people: People, base: Base, answered: Bools, rng: np.random.Generator
) -> Touches:
    as_number = answered.astype(np.int64)
    rate = effects.early_rate(base, as_number)
    counts = rng.poisson(rate)
    person = repeated(counts)
    shares = np.tile(EARLY_BLOCK_SHARES, (len(person), 1))
    blocks = draw_levels(shares, rng)
    return _touches_in_blocks(people, person, blocks, rng)


def _draw_call_blocks(size: int, rng: np.random.Generator) -> Ints:
    delays = effects.call_delays()
    delay = rng.choice(len(delays), size, p=delays)
    blocks = effects.FIRST_CALL_BLOCK + delay
    return np.asarray(blocks)


def _draw_late_touches(
    people: People, call_block: Ints, rate: Floats, rng: np.random.Generator
) -> tuple[Touches, Ints]:
    """Draw touches from the eighth block to the one before the first call.

    Returns:
        The touches, and for each person the number of blocks between last touch and first call (a large number where
        there was no touch).
    """
    blocks_open = call_block - ENGAGEMENT_DAYS
    counts = rng.poisson(rate * blocks_open)
    person = repeated(counts)
    positions = rng.uniform(0, blocks_open[person])
    blocks = ENGAGEMENT_DAYS + positions.astype(np.int64)
    last_block = np.full(len(counts), -1_000)
    np.maximum.at(last_block, person, blocks)
    touches = _touches_in_blocks(people, person, blocks, rng)
    return touches, call_block - last_block


def repeated(counts: Ints) -> Ints:
    """Return each position of `counts` as often as it says: 0, 0, 2 for counts of 2, 0, 1."""
    positions = np.arange(len(counts))
    return np.asarray(np.repeat(positions, counts))


def _touches_in_blocks(
    people: People, person: Ints, blocks: Ints, rng: np.random.Generator
) -> Touches:
    offsets = people.utc_offsets[person]
    moments = in_block(people.captured_at[person], blocks, offsets, rng)
    return Touches(person, moments)


def _draw_outcomes(
    people: People, base: Base, history: History, rng: np.random.Generator
) -> Outcomes:
    """Draw both outcomes and their moments."""
    size = len(people.number)
    logit = effects.converted_logit(base, history)
    converted = rng.random(size) < effects.sigmoid(logit)
    delays = effects.application_delays()
    delay = rng.choice(len(delays), size, p=delays)
    block = history.call_block + delay
    started_at = after(people.captured_at, block * DAY_SECONDS)
    submitted_at = in_block(people.captured_at, block, people.utc_offsets, rng)
    after_shift = started_at >= APPROVAL_SHIFT
    criteria = after_shift.astype(np.int64)
    rows = np.arange(size)
    own_base = base.approved[criteria, rows]
    logit = own_base + effects.approved_drivers(history)
    approved = rng.random(size) < effects.sigmoid(logit)
    days = rng.uniform(1.0, 14.0, size)
    decided_at = after(submitted_at, days * DAY_SECONDS)
    withdrawn = rng.random(size) < WITHDRAWN_SHARE
    days = rng.uniform(66.0, 80.0, size)
    closed_at = after(people.captured_at, days * DAY_SECONDS)
    closed = rng.random(size) < CLOSED_SHARE
    closed &= ~converted
    return Outcomes(
        converted=converted,
        started_at=_where(converted, started_at),
        submitted_at=_where(converted, submitted_at),
        approved=approved,
        decided_at=_where(converted & ~withdrawn, decided_at),
        withdrawn_at=_where(converted & withdrawn, decided_at),
        closed_at=_where(closed, closed_at),
    )


def _where(happened: Bools, moments: Moments) -> Moments:
    """Return the moments, NaT where the thing did not happen."""
    never = np.datetime64("NaT", "s")
    return np.where(happened, moments, never)
