"""Draw the companies and the people who become leads, with all that is known of them at capture."""

from dataclasses import dataclass

import numpy as np

from demo.story.dates import (
    CHANNEL_SHIFT,
    DAY_SECONDS,
    Bools,
    Floats,
    Ints,
    Moments,
    after,
    capture_days,
    seconds_of_day,
)

INDUSTRIES = np.array(
    [
        "fintech",
        "software",
        "insurance",
        "banking",
        "health",
        "pharma",
        "logistics",
        "retail",
        "ecommerce",
        "education",
        "construction",
        "energy",
        "automotive",
        "media",
        "gaming",
        "telecom",
        "hospitality",
        "agriculture",
        "public_sector",
        "consulting",
    ]
)
COUNTRIES = np.array(["US", "CA", "GB", "DE", "FR", "IN", "AU", "BR"])
COUNTRY_SHARES = np.array([0.38, 0.08, 0.15, 0.15, 0.08, 0.08, 0.05, 0.03])
UTC_OFFSETS = np.array([-5.0, -5.0, 0.0, 1.0, 1.0, 5.5, 10.0, -3.0])
SENIORITIES = np.array(
    ["junior", "specialist", "manager", "director", "c_level"]
)
CHANNELS = np.array(
    [
        "paid_search",
        "paid_social",
        "display",
        "organic_search",
        "referral",
        "content",
        "event",
        "partner",
        "paid_video",
    ]
)
PAID = np.array([True, True, True, False, False, False, False, False, True])
NEW_CHANNEL = 8
"""`paid_video`, which starts on `CHANNEL_SHIFT`."""
NEW_CHANNEL_SHARE = 0.25
CHANNEL_SHARES = np.array([0.22, 0.16, 0.1, 0.2, 0.1, 0.1, 0.06, 0.06, 0.0])
COMPANY_SIZE_POWER = np.array([1.1, 1.5, 1.6, 1.0, 0.8, 1.0, 0.7, 0.7, 2.6])
"""Of each channel: larger means leads of smaller companies."""
SENIORITY_SHARES = np.array(
    [
        [0.2, 0.3, 0.28, 0.15, 0.07],
        [0.5, 0.3, 0.13, 0.05, 0.02],
    ]
)
"""Of the other channels, and of the new one."""
REPS = 40
LEADS_PER_ACCOUNT = 4
LEADS_PER_GIANT = 2_000
"""For each so many leads there is a giant account, one of the largest: many people share its switchboard."""
GIANT_SHARE = 0.04
"""So many leads of the older channels come from the giants: about 80 each."""


@dataclass(frozen=True)
class Accounts:
    """The companies, by number of employees, smallest first. Codes point into the tuples of this module."""

    industry: Ints
    employees: Ints
    country: Ints
    giants: int

    @property
    def first_giant(self) -> int:
        """Return the number of the first giant account; all after it are giants."""
        return len(self.industry) - self.giants


@dataclass(frozen=True)
class People:
    """People as they are known at capture; each array has one item for each person.

    `number` is the person's number in the whole story, `budget` is NaN where none was named (in thousands), `rep` is
    the number of the rep who owns the lead.
    """

    number: Ints
    account: Ints
    industry: Ints
    employees: Ints
    country: Ints
    seniority: Ints
    channel: Ints
    budget: Floats
    personal_mail: Bools
    of_giant: Bools
    rep: Ints
    captured_at: Moments

    @property
    def paid(self) -> Bools:
        """Return whether the lead came from a paid channel."""
        return np.asarray(PAID[self.channel])

    @property
    def utc_offsets(self) -> Floats:
        """Return the hours by which each person's clock is ahead of UTC."""
        return np.asarray(UTC_OFFSETS[self.country])


def draw_accounts(leads: int, rng: np.random.Generator) -> Accounts:
    """Draw the companies of a story with so many leads."""
    size = max(50, leads // LEADS_PER_ACCOUNT)
    logs = rng.normal(4.6, 1.6, size)
    logs.sort()
    employees = np.exp(logs)
    employees = np.clip(employees, 2, 200_000)
    country = rng.choice(len(COUNTRIES), size, p=COUNTRY_SHARES)
    # The first industries are the rarest ones.
    weights = np.linspace(0.4, 1.6, len(INDUSTRIES))
    shares = weights / weights.sum()
    industry = rng.choice(len(INDUSTRIES), size, p=shares)
    giants = max(1, leads // LEADS_PER_GIANT)
    whole = employees.astype(np.int64)
    return Accounts(industry, whole, country, giants)


def draw_people(
    numbers: Ints, leads: int, accounts: Accounts, rng: np.random.Generator
) -> People:
    """Draw the people with the given numbers, in the order of their days of capture."""
    size = len(numbers)
    days = capture_days(numbers, leads, rng)
    channel = _draw_channels(days, rng)
    ranks = rng.random(size) ** COMPANY_SIZE_POWER[channel]
    account = (ranks * len(accounts.industry)).astype(np.int64)
    from_giant = rng.random(size) < GIANT_SHARE
    from_giant &= channel != NEW_CHANNEL
    giant = rng.integers(accounts.first_giant, len(accounts.industry), size)
    account = np.where(from_giant, giant, account)
    country = accounts.country[account]
    employees = accounts.employees[account]
    seconds = seconds_of_day(UTC_OFFSETS[country], rng)
    return People(
        number=numbers,
        account=account,
        industry=accounts.industry[account],
        employees=employees,
        country=country,
        seniority=_draw_seniorities(channel, rng),
        channel=channel,
        budget=_draw_budgets(employees, rng),
        personal_mail=rng.random(size) < 0.12,
        of_giant=account >= accounts.first_giant,
        rep=rng.integers(0, REPS, size),
        captured_at=after(days, seconds % DAY_SECONDS),
    )


def _draw_channels(days: Moments, rng: np.random.Generator) -> Ints:
    ladder = np.cumsum(CHANNEL_SHARES)
    dice = rng.random(len(days))
    channel = np.searchsorted(ladder, dice, side="right")
    channel = np.minimum(channel, NEW_CHANNEL - 1)
    dice = rng.random(len(days))
    from_new = (days >= CHANNEL_SHIFT) & (dice < NEW_CHANNEL_SHARE)
    return np.where(from_new, NEW_CHANNEL, channel)


def _draw_seniorities(channel: Ints, rng: np.random.Generator) -> Ints:
    is_new = channel == NEW_CHANNEL
    profiles = is_new.astype(np.int64)
    return draw_levels(SENIORITY_SHARES[profiles], rng)


def draw_levels(shares: Floats, rng: np.random.Generator) -> Ints:
    """Draw a level for each row of `shares`, shape (people, levels)."""
    ladders = np.cumsum(shares, axis=1)
    dice = rng.random(len(shares))
    steps_below = ladders <= dice[:, None]
    levels = steps_below.sum(axis=1)
    last = shares.shape[1] - 1
    return np.asarray(np.minimum(levels, last))


def _draw_budgets(employees: Ints, rng: np.random.Generator) -> Floats:
    """Draw the budget that the lead names, in thousands; a quarter names none."""
    size = len(employees)
    noise = rng.normal(0.0, 0.9, size)
    by_size = 0.25 * np.log(employees)
    budget = np.exp(1.6 + by_size + noise)
    rounded = np.round(budget, 1)
    unnamed = rng.random(size) < 0.25
    return np.where(unnamed, np.nan, rounded)
