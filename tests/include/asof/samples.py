"""Features of every kind, and random tables for them."""

from random import Random

import pandas as pd

from include.asof.inputs import Inputs
from include.asof.tables import Tables

DAY = 86_400_000_000
EVERY_KIND = """
- {name: contacts, kind: count, events: {source: crm, where: {action: [call, meeting]}}}
- name: first_week
  kind: count
  events: {source: crm, where: {action: [call, "it's"], channel: [web, mail]}}
  window: {first: 7 days, after: creation}
- name: recent
  kind: count
  events: {source: mail}
  window: {before: 2 days}
- name: after_mail
  kind: count
  events: {source: crm}
  window: {first: 36 hours, after: {source: mail}}
- {name: spent, kind: sum, events: {source: crm}, column: amount}
- {name: spent_lately, kind: sum, events: {source: crm}, column: amount, window: {before: 1 week}}
- {name: channels, kind: count_distinct, events: {source: crm}, column: channel}
- {name: call_channels, kind: count_distinct, events: {source: crm, where: {action: call}}, column: channel}
- {name: days, kind: days_since_last, events: {source: crm, where: {action: call}}}
- name: answered
  kind: happened_within
  events: {source: crm, where: {action: answer}}
  after: {source: crm, where: {action: [call]}}
  within: 48 hours
- {name: first_channel, kind: first_value, events: {source: crm}, column: channel}
- {name: last_amount, kind: last_value, events: {source: crm, where: {action: call}}, column: amount, type: number}
- {name: industry, kind: value_as_it_was, of: {source: accounts, column: industry}}
- {name: industry_rate, kind: historical_rate, outcome: converted, by: {source: accounts, column: industry}}
- {name: raw_rate, kind: historical_rate, outcome: converted, by: {source: accounts, column: industry}, m: 0}
"""
TABLES = Tables(
    "leads",
    {"crm": "crm", "mail": "mail", "accounts": "accounts"},
    {"converted": "converted"},
)
ACTIONS = ("call", "meeting", "answer", "it's", None)
CHANNELS = ("web", "mail", "phone", None)
INDUSTRIES = ("fintech", "retail", "energy", None)
DAYS = 20


def seeded(seed: int) -> Random:
    """Return a source of values that are the same for the same seed."""
    return Random(seed)  # noqa: S311 - no secret


def random_inputs(
    random: Random, leads: int, events: int, step: int = DAY // 2
) -> Inputs:
    """Return tables whose times are whole steps, so that many are equal.

    Args:
        random: source of all values.
        leads: number of leads, each with up to two stages.
        events: number of rows in each table of events.
        step: microseconds between two times that can occur.
    """
    keys = [f"lead-{number}" for number in range(leads)]
    rows = []
    for key in keys:
        created = _time(random, step)
        for stage in random.sample(
            ("capture", "contact"), random.randint(1, 2)
        ):
            rows.append((key, stage, _time(random, step), created))
    names = ["lead_key", "stage", "moment", "created_at"]
    crm = _events(
        random,
        keys,
        events,
        step,
        action=lambda: random.choice(ACTIONS),
        channel=lambda: random.choice(CHANNELS),
        amount=lambda: random.choice([None, round(random.uniform(-9, 99), 2)]),
    )
    accounts = _events(
        random,
        keys,
        events,
        step,
        industry=lambda: random.choice(INDUSTRIES),
    )
    converted = _events(
        random, keys, events, step, value=lambda: random.choice((0, 1, 1, None))
    )
    return Inputs(
        pd.DataFrame(rows, columns=names),
        {
            "crm": crm.astype({"amount": "float64"}),
            "mail": _events(random, keys, events, step),
            "accounts": accounts,
        },
        {"converted": converted.astype({"value": "Int64"})},
    )


def _time(random: Random, step: int) -> int:
    return random.randint(0, DAYS * DAY // step) * step


def _events(random, keys, number, step, **columns) -> pd.DataFrame:
    rows = []
    for _ in range(number):
        key = random.choice([*keys, None])
        occurred = _time(random, step)
        arrived = occurred + random.choice((-1, 0, 0, 1, 5)) * step
        rows.append(
            (key, occurred, arrived, *(make() for make in columns.values()))
        )
    names = ["lead_key", "occurred_at", "arrived_at", *columns]
    return pd.DataFrame(rows, columns=names)
