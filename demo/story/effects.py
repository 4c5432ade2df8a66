"""Hold the true effects, and compute the true probability of both outcomes at each moment.

`converted` and `approved` (of a converted lead) are logistic in a base, known at capture, and in four drivers that
come later: the rep's speed, the answer within 48 hours, the touches of the first seven days, the days since the last
touch at the first call. The drivers have few states. So the probability at an earlier moment is the sum over the states
that may still come, each with its probability given the history: exact, without sampling.
"""

from collections.abc import Iterable, Iterator
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
    # A lead that names no budget counts as one with a usual budget.
    budget = np.nan_to_num(np.log(people.budget) - 2.7)
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
        industry[:, 2] + paid - 0.4 * size + 0.2 * budget + 2.0 * seniority
    )
    approved = np.stack([approved_before, approved_after])
    quick_rep = people.rep * 3 // REPS
    large = people.employees > 500
    reply_class = np.minimum(quick_rep + large, 2)
    return Base(
        converted=CONVERTED_INTERCEPT + converted,
        approved=APPROVED_INTERCEPTS[:, None] + approved,
        interest=converted,
        touch_slope=np.where(is_new, 0.1, 0.22),
        touch_factor=np.where(is_new, 1.8, 1.0),
        reply_class=reply_class,
    )


def speed_shares(base: Base) -> Floats:
    """Return the probability of each speed of the rep's first outreach, shape (people, 3)."""
    return np.asarray(SPEED_SHARES[base.reply_class])


def answer_probability(base: Base, speed: Ints | int) -> Floats:
    """Return the probability that the lead answers the first outreach within 48 hours."""
    by_interest = 0.3 * base.interest
    by_speed = SPEED_EFFECTS[speed]
    return sigmoid(by_interest + by_speed - 0.9)


def early_rate(base: Base, answered: Ints | int) -> Floats:
    """Return the mean number of touches in the first seven days, the answer not counted."""
    by_interest = 0.2 * base.interest
    by_answer = 0.45 * answered
    rate = np.exp(0.55 + by_interest + by_answer)
    rate *= base.touch_factor
    return np.clip(rate, 0.1, 9.0)


def late_rate(touches: Ints | int, answered: Ints | int) -> Floats:
    """Return the mean number of touches in each block from the eighth on."""
    by_touches = 0.13 * np.minimum(touches, MAX_TOUCHES)
    by_answer = 0.5 * answered
    rate = np.exp(by_touches + by_answer - 2.3)
    return np.asarray(rate)


def converted_logit(base: Base, state: State | History) -> Floats:
    """Return the logit of `converted`, once all drivers are known."""
    touches = np.minimum(state.touches, MAX_TOUCHES)
    recency = np.minimum(state.recency, MAX_RECENCY)
    logit = base.converted + base.touch_slope * touches
    logit += SPEED_EFFECTS[state.speed]
    logit += 0.9 * state.answered
    logit -= 0.2 * (recency - 3)
    return logit


def approved_drivers(state: State | History) -> Floats:
    """Return what the drivers add to the logit of `approved`, under either set of criteria."""
    touches = np.minimum(state.touches, MAX_TOUCHES)
    recency = np.minimum(state.recency, MAX_RECENCY)
    by_touches = 0.14 * touches
    by_answer = 0.7 * state.answered
    by_recency = -0.18 * (recency - 3)
    return np.asarray(by_touches + by_answer + by_recency)


def call_delays() -> Floats:
    """Return the probability of each number of blocks between `FIRST_CALL_BLOCK` and the first call."""
    total = CALL_DELAYS.sum()
    return np.asarray(CALL_DELAYS / total)


def application_delays() -> Floats:
    """Return the probability of each number of blocks between first call and application."""
    total = APPLICATION_DELAYS.sum()
    return np.asarray(APPLICATION_DELAYS / total)


def at_capture(people: People) -> Probabilities:
    """Compute the true probabilities at the moment of capture."""
    base = base_of(people)
    new_share = _share_before_call(people)
    states = _states_at_capture(base)
    return _expected(base, new_share, states)


def at_engagement(people: People, history: History) -> Probabilities:
    """Compute the true probabilities seven days after capture.

    Of `history` only `speed`, `answered` and `touches` are read: by then they are known.
    """
    base = base_of(people)
    new_share = _share_before_call(people)
    states = _states_by_recency(
        np.ones(len(new_share)),
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
        np.ones(len(new_share)),
        history.speed,
        history.answered,
        history.touches,
        history.recency,
    )
    return _expected(base, new_share, [state])


def _share_before_call(people: People) -> Floats:
    """Return the probability of the new criteria, as long as the day of the first call is open."""
    delays = np.convolve(call_delays(), application_delays())
    first = np.full(len(people.number), FIRST_CALL_BLOCK)
    return _share_after_shift(people.captured_at, first, delays)


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
    share = np.exp(-rate)
    shares = [share]
    for count in range(1, maximum):
        share = share * rate / count
        shares.append(share)
    remainder = 1 - np.sum(shares, axis=0)
    shares.append(remainder)
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
    rate = late_rate(touches, answered)
    silent = np.exp(-rate)
    remainder = weight
    for recency in range(1, MAX_RECENCY):
        share = remainder * (1 - silent)
        yield State(share, speed, answered, touches, recency)
        remainder = remainder * silent
    yield State(remainder, speed, answered, touches, MAX_RECENCY)


def _expected(
    base: Base, new_share: Floats, states: Iterable[State]
) -> Probabilities:
    """Sum both outcomes over the states.

    Args:
        base: Logits known at capture.
        new_share: Probability that an application would be judged by the new criteria, shape (people,).
        states: States with weights that sum to 1 for each person.
    """
    size = len(new_share)
    converted = np.zeros(size)
    both = np.zeros(size)
    for state in states:
        logit = converted_logit(base, state)
        converts = state.weight * sigmoid(logit)
        approves = _approval(base, new_share, state)
        converted += converts
        both += converts * approves
    return Probabilities(converted, both / converted)


def _approval(base: Base, new_share: Floats, state: State) -> Floats:
    """Return the probability of approval in a state, over both sets of criteria."""
    drivers = approved_drivers(state)
    approves = np.zeros(len(new_share))
    shares = (1 - new_share, new_share)
    for criteria, share in enumerate(shares):
        # Few applications may fall on either side of the shift, so most people need one set of criteria only.
        rows = np.flatnonzero(share)
        logit = (base.approved[criteria] + drivers)[rows]
        approves[rows] += share[rows] * sigmoid(logit)
    return approves


def _share_after_shift(
    captured_at: Moments, blocks: Ints, delays: Floats
) -> Floats:
    """Return the probability that an application is begun at or after the shift.

    Args:
        captured_at: Moments of capture.
        blocks: Block from which the delay counts.
        delays: Probability of each delay in blocks.
    """
    shift_at = APPROVAL_SHIFT.astype("datetime64[s]")
    seconds = (shift_at - captured_at).astype(np.int64)
    shift_blocks = np.ceil(seconds / DAY_SECONDS)
    shortest = shift_blocks.astype(np.int64) - blocks
    shortest = np.clip(shortest, 0, len(delays))
    longer = np.cumsum(delays[::-1])[::-1]
    # Any delay is long enough, and none.
    longer[0] = 1.0
    longer = np.append(longer, 0.0)
    return np.asarray(longer[shortest])


def sigmoid(logits: Floats) -> Floats:
    """Return the probability that belongs to each logit."""
    odds_against = np.exp(-logits)
    return 1 / (1 + odds_against)
