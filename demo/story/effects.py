"""Hold the true effects, and compute the true probability of both outcomes at each moment.

`converted` and `approved` (of a converted lead) are logistic in a base, known at capture, and in four drivers that
come later: the rep's speed, the answer within 48 hours, the touches of the first seven days, the days since the last
touch at the first call. The drivers have few states. So the probability at an earlier moment is the sum over the states
that may still come, each with its probability given the history: exact, without sampling.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from demo.story.dates import (
    APPROVAL_SHIFT,
    DAY_SECONDS,
    Floats,
    Ints,
    Moments,
    months,
)
from demo.story.population import NEW_CHANNEL, REPS, People

MAX_TOUCHES = 8
"""More touches than this in the first seven days change nothing."""
MAX_RECENCY = 7
"""A last touch seven or more blocks before the first call counts as seven."""
FIRST_CALL_BLOCK = 13
"""No first call is earlier: 6 blocks after the first seven days, so that recency depends on the later touches only."""
CALL_DELAYS = 0.85 ** np.arange(20)
"""Relative frequency of a first call so many blocks after `FIRST_CALL_BLOCK`."""
APPLICATION_DELAYS = np.concatenate([[0.0], 0.9 ** np.arange(30)])
"""Relative frequency of an application so many blocks after the first call."""

INDUSTRY_EFFECTS = np.array(
    # converted, approved before the shift, approved after it
    [
        [1.3, 1.2, -0.9],
        [0.9, 0.3, 0.2],
        [0.5, 1.1, -0.6],
        [0.3, 1.0, -0.9],
        [0.7, -0.4, 1.0],
        [0.4, -0.6, 1.2],
        [0.1, 0.2, 0.3],
        [-0.3, -0.5, 0.6],
        [0.2, -0.8, 0.5],
        [-0.6, 0.6, 0.1],
        [-0.9, -0.3, 0.8],
        [0.0, 0.7, -0.4],
        [-0.2, 0.4, -0.2],
        [-0.8, -0.9, -0.5],
        [0.5, -1.2, -0.7],
        [0.6, 0.0, 0.0],
        [-1.2, -0.7, 0.4],
        [-1.0, 0.1, 0.6],
        [-0.7, 0.9, 0.9],
        [0.4, -0.2, -0.8],
    ]
)
CHANNEL_EFFECTS = np.array([-0.5, -0.7, -0.8, 0.5, 0.8, 0.5, 0.6, 0.7, -0.7])
"""On the logit of `converted`: paid channels are worse."""
SENIORITY_EFFECTS = np.array([-0.6, -0.2, 0.1, 0.4, 0.6])
MONTH_EFFECTS = np.array(
    [0.1, 0.1, 0.2, 0.0, 0.0, 0.1, -0.2, -0.2, 0.1, 0.1, 0.0, -0.3]
)
SPEED_LABELS = np.array(["within_1h", "within_24h", "later"])
SPEED_EFFECTS = np.array([0.8, 0.4, 0.0])
SPEED_SHARES = np.array(
    [[0.1, 0.35, 0.55], [0.3, 0.45, 0.25], [0.55, 0.35, 0.1]]
)
"""Of slow, usual and quick replies of reps."""
CONVERTED_INTERCEPT = -2.3
APPROVED_INTERCEPTS = np.array([-0.5, -0.05])
"""Before the shift, and after it."""


@dataclass(frozen=True)
class Base:
    """Logits of people as known at capture.

    `converted` has shape (people,), `approved` (2, people): by the criteria before and after the shift. `interest` is
    what drives the lead's own touches. `touch_slope` is the effect of one more touch on `converted`.
    """

    converted: Floats
    approved: Floats
    interest: Floats
    touch_slope: Floats
    touch_factor: Floats
    reply_class: Ints


@dataclass(frozen=True)
class History:
    """The drivers of people: `speed` (0 to 2), `answered` (0 or 1), `touches` and `recency` before their caps."""

    speed: Ints
    answered: Ints
    touches: Ints
    recency: Ints
    call_block: Ints


@dataclass(frozen=True)
class State:
    """A state of the drivers that may come, with its probability for each person."""

    weight: Floats
    speed: Ints | int
    answered: Ints | int
    touches: Ints | int
    recency: Ints | int


@dataclass(frozen=True)
class Probabilities:
    """The probability of `converted`, and of `approved` given that the lead converts; each of shape (people,)."""

    converted: Floats
    approved: Floats


def base_of(people: People) -> Base:
    """Compute the logits that are known at capture."""
    size = (np.log(people.employees) - 4.6) / 1.6
    named = ~np.isnan(people.budget)
    budget = np.where(named, np.log(np.where(named, people.budget, 1)) - 2.7, 0)
    industry = INDUSTRY_EFFECTS[people.industry]
    seniority = SENIORITY_EFFECTS[people.seniority]
    channel = CHANNEL_EFFECTS[people.channel]
    is_new = people.channel == NEW_CHANNEL
    converted = (
        industry[:, 0]
        + channel
        + seniority
        + 0.4 * size
        + 0.25 * budget
        + MONTH_EFFECTS[months(people.captured_at)]
        - 0.3 * people.personal_mail
    )
    paid = np.where(people.paid, -0.45, 0.45)
    approved_before = (
        industry[:, 1] + paid + 0.9 * size + 0.5 * budget + 0.3 * seniority
    )
    approved_after = (
        industry[:, 2] + paid - 0.9 * size - 0.4 * budget + 0.6 * seniority
    )
    approved = np.stack([approved_before, approved_after])
    quick_rep = people.rep * 3 // REPS
    large = (people.employees > 500).astype(np.int64)
    return Base(
        converted=CONVERTED_INTERCEPT + converted,
        approved=APPROVED_INTERCEPTS[:, None] + approved,
        interest=converted,
        touch_slope=np.where(is_new, 0.1, 0.22),
        touch_factor=np.where(is_new, 1.8, 1.0),
        reply_class=np.minimum(quick_rep + large, 2),
    )


def speed_shares(base: Base) -> Floats:
    """Return the probability of each speed of the rep's first outreach, shape (people, 3)."""
    return np.asarray(SPEED_SHARES[base.reply_class])


def answer_probability(base: Base, speed: Ints | int) -> Floats:
    """Return the probability that the lead answers the first outreach within 48 hours."""
    logit = -0.9 + 0.3 * base.interest + SPEED_EFFECTS[speed]
    return sigmoid(logit)


def early_rate(base: Base, answered: Ints | int) -> Floats:
    """Return the mean number of touches in the first seven days, the answer not counted."""
    logs = 0.55 + 0.2 * base.interest + 0.45 * np.asarray(answered)
    rate = base.touch_factor * np.exp(logs)
    return np.asarray(np.clip(rate, 0.1, 9.0))


def late_rate(touches: Ints | int, answered: Ints | int) -> Floats:
    """Return the mean number of touches in each block from the eighth on."""
    capped = np.minimum(touches, MAX_TOUCHES)
    logs = -2.3 + 0.13 * capped + 0.5 * np.asarray(answered)
    return np.asarray(np.exp(logs), dtype=float)


def converted_logit(base: Base, state: State | History) -> Floats:
    """Return the logit of `converted`, once all drivers are known."""
    touches = np.minimum(state.touches, MAX_TOUCHES)
    recency = np.minimum(state.recency, MAX_RECENCY)
    drivers = (
        SPEED_EFFECTS[state.speed]
        + 0.9 * np.asarray(state.answered)
        - 0.2 * (recency - 3)
    )
    return np.asarray(base.converted + base.touch_slope * touches + drivers)


def approved_drivers(state: State | History) -> Floats:
    """Return what the drivers add to the logit of `approved`, under either set of criteria."""
    touches = np.minimum(state.touches, MAX_TOUCHES)
    recency = np.minimum(state.recency, MAX_RECENCY)
    answered = np.asarray(state.answered)
    return np.asarray(0.14 * touches + 0.7 * answered - 0.18 * (recency - 3))


def call_delays() -> Floats:
    """Return the probability of each number of blocks between `FIRST_CALL_BLOCK` and the first call."""
    return np.asarray(CALL_DELAYS / CALL_DELAYS.sum())


def application_delays() -> Floats:
    """Return the probability of each number of blocks between first call and application."""
    return np.asarray(APPLICATION_DELAYS / APPLICATION_DELAYS.sum())


def at_capture(people: People) -> Probabilities:
    """Compute the true probabilities at the moment of capture."""
    base = base_of(people)
    delays = np.convolve(call_delays(), application_delays())
    first = np.full(len(people.number), FIRST_CALL_BLOCK)
    new_share = _share_after_shift(people.captured_at, first, delays)
    return _expected(base, new_share, _states_at_capture(base))


def at_engagement(people: People, history: History) -> Probabilities:
    """Compute the true probabilities seven days after capture.

    Of `history` only `speed`, `answered` and `touches` are read: by then they are known.
    """
    base = base_of(people)
    delays = np.convolve(call_delays(), application_delays())
    first = np.full(len(people.number), FIRST_CALL_BLOCK)
    new_share = _share_after_shift(people.captured_at, first, delays)
    states = _states_by_recency(
        np.ones(len(people.number)),
        history.speed,
        history.answered,
        history.touches,
    )
    return _expected(base, new_share, states)


def at_contact(people: People, history: History) -> Probabilities:
    """Compute the true probabilities at the moment of the first call."""
    base = base_of(people)
    new_share = _share_after_shift(
        people.captured_at, history.call_block, application_delays()
    )
    state = State(
        np.ones(len(people.number)),
        history.speed,
        history.answered,
        history.touches,
        history.recency,
    )
    return _expected(base, new_share, iter([state]))


def _states_at_capture(base: Base) -> Iterator[State]:
    shares = speed_shares(base)
    for speed in range(len(SPEED_EFFECTS)):
        answer_share = answer_probability(base, speed)
        for answered in (0, 1):
            share = answer_share if answered else 1 - answer_share
            weight = shares[:, speed] * share
            rate = early_rate(base, answered)
            touch_shares = _poisson_shares(rate, MAX_TOUCHES - answered)
            for count, touch_share in enumerate(touch_shares):
                touches = count + answered
                yield from _states_by_recency(
                    weight * touch_share, speed, answered, touches
                )


def _poisson_shares(rate: Floats, maximum: int) -> list[Floats]:
    """Return the Poisson probabilities of 0, 1, … and of `maximum` or more."""
    shares = [np.exp(-rate)]
    for count in range(1, maximum):
        shares.append(shares[-1] * rate / count)
    shares.append(1 - np.sum(shares, axis=0))
    return shares


def _states_by_recency(
    weight: Floats,
    speed: Ints | int,
    answered: Ints | int,
    touches: Ints | int,
) -> Iterator[State]:
    """Yield a state for each number of blocks between last touch and first call.

    Each of the six blocks before the call has touches with the same probability, independently.
    """
    silent = np.exp(-late_rate(touches, answered))
    for recency in range(1, MAX_RECENCY):
        share = silent ** (recency - 1) * (1 - silent)
        yield State(weight * share, speed, answered, touches, recency)
    share = silent ** (MAX_RECENCY - 1)
    yield State(weight * share, speed, answered, touches, MAX_RECENCY)


def _expected(
    base: Base, new_share: Floats, states: Iterator[State]
) -> Probabilities:
    """Sum both outcomes over the states.

    Args:
        base: Logits known at capture.
        new_share: Probability that an application would be judged by the new criteria, shape (people,).
        states: States with weights that sum to 1 for each person.
    """
    converted = np.zeros(len(new_share))
    both = np.zeros(len(new_share))
    # Few applications may fall on either side of the shift, so most rows need one set of criteria only.
    mixed = np.flatnonzero((new_share > 0) & (new_share < 1))
    criteria = (new_share >= 0.5).astype(np.int64)
    rows = np.arange(len(new_share))
    likely = base.approved[criteria, rows]
    unlikely = base.approved[1 - criteria[mixed], mixed]
    shift = np.abs(criteria - new_share)[mixed]
    for state in states:
        drivers = np.broadcast_to(approved_drivers(state), rows.shape)
        converts = state.weight * sigmoid(converted_logit(base, state))
        approves = sigmoid(likely + drivers)
        other = sigmoid(unlikely + drivers[mixed])
        approves[mixed] += shift * (other - approves[mixed])
        converted += converts
        both += converts * approves
    return Probabilities(converted, both / converted)


def _share_after_shift(
    captured_at: Moments, blocks: Ints, delays: Floats
) -> Floats:
    """Return the probability that an application is begun at or after the shift.

    Args:
        captured_at: Moments of capture.
        blocks: Block from which the delay counts.
        delays: Probability of each delay in blocks.
    """
    missing = (APPROVAL_SHIFT.astype("datetime64[s]") - captured_at).astype(
        np.int64
    )
    shift_blocks = -(-missing // DAY_SECONDS)
    needed = np.clip(shift_blocks - blocks, 0, len(delays))
    tails = np.append(np.cumsum(delays[::-1])[::-1], 0.0)
    tails[0] = 1.0
    return np.asarray(tails[needed])


def sigmoid(logits: Floats) -> Floats:
    """Return the probability that belongs to each logit."""
    return np.asarray(1 / (1 + np.exp(-logits)))
