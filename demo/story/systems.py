"""Record what happened as each of the three systems does: the columns of five tables, before they arrive."""

from dataclasses import dataclass

import numpy as np

from demo.story.dates import (
    DAY,
    DAY_SECONDS,
    Bools,
    Ints,
    Moments,
    Objects,
    after,
    in_block,
)
from demo.story.identities import Identities, choose_emails, choose_phones
from demo.story.journeys import Journeys, Touches, repeated
from demo.story.population import (
    CHANNELS,
    COUNTRIES,
    INDUSTRIES,
    REPS,
    SENIORITIES,
    People,
)

NOBODY = -1
"""The person of a row that belongs to none of the people."""
SEND_BLOCKS = np.array([0, 1, 3, 5, 9, 14, 21, 28])
"""A nurturing e-mail goes out in each of these blocks."""
EMAIL_KINDS = np.array(["sent", "open", "click"], dtype=object)
OWN_KINDS = np.array(
    ["website_form", "chat", "event_visit", "inbound_call", "reply"],
    dtype=object,
)
"""What a lead does itself outside of e-mails."""
LATE_KINDS = np.array(
    ["meeting", "proposal", "contract_sent", "chat"], dtype=object
)
"""What happens after the first call; it follows from the outcome."""
OUTGOING = ("outreach", "call", "call_result", "proposal", "contract_sent")
EMAIL_SHARE = 0.55
"""Of the touches, so many are opens and clicks of e-mails."""
REPLY_HOURS = 48
"""A reply within so many hours of the first outreach is the answer; later ones are touches like others."""
SKEWED_SERVER = "mx3"
SERVERS = np.array(["mx1", "mx2", SKEWED_SERVER], dtype=object)
SERVER_SHARES = np.array([0.6, 0.37, 0.03])
CORRECTED_SHARE = 0.003
"""So many decisions are recorded wrongly at first."""
NOBODY_SHARE = 0.03
"""For each person, so many clicks of people who never became leads."""
MISSING_SHARE = 0.01


@dataclass(frozen=True)
class Rows:
    """Rows of one source: `columns` as they stand in the file, each person's position (or `NOBODY`), true moments."""

    source: str
    columns: dict[str, Objects]
    person: Ints
    occurred_at: Moments


@dataclass(frozen=True)
class _Events:
    """Events before they get their columns."""

    person: Ints
    at: Moments
    kind: Objects


@dataclass(frozen=True)
class CellFacts:
    """All that is true of the people of a cell."""

    people: People
    journeys: Journeys
    identities: Identities


def record(facts: CellFacts, rng: np.random.Generator) -> list[Rows]:
    """Return the rows of all five sources."""
    own_events = _own_events(facts, rng)
    late_events = _late_events(facts, rng)
    emails = _emails(facts, own_events, late_events, rng)
    interactions = _interactions(facts, own_events, late_events, rng)
    return [
        _leads(facts, rng),
        interactions,
        emails,
        _ads(facts, rng),
        _applications(facts, rng),
    ]


def _events(person: Ints, at: Moments, kind: str | Objects) -> _Events:
    """Make events of one kind or of several, without those that never happened (NaT)."""
    if isinstance(kind, str):
        kinds: Objects = np.full(len(person), kind, dtype=object)
    else:
        kinds = kind
    happened = ~np.isnat(at)
    return _Events(person[happened], at[happened], kinds[happened])


def _joined(parts: list[_Events]) -> _Events:
    return _Events(
        np.concatenate([part.person for part in parts]),
        np.concatenate([part.at for part in parts]),
        np.concatenate([part.kind for part in parts]),
    )


def _selected(events: _Events, rows: Bools) -> _Events:
    person = events.person[rows]
    at = events.at[rows]
    kind = events.kind[rows]
    return _Events(person, at, kind)


def _everyone(facts: CellFacts) -> Ints:
    return np.arange(len(facts.people.number))


def _own_events(facts: CellFacts, rng: np.random.Generator) -> _Events:
    """Give each touch its kind."""
    journeys = facts.journeys
    parts = []
    for touches in (journeys.early, journeys.late):
        kind = _touch_kinds(touches, journeys.outreach_at, rng)
        parts.append(_Events(touches.person, touches.at, kind))
    return _joined(parts)


def _touch_kinds(
    touches: Touches, outreach_at: Moments, rng: np.random.Generator
) -> Objects:
    size = len(touches.person)
    by_email = rng.random(size) < EMAIL_SHARE
    email_kind = rng.choice(EMAIL_KINDS[1:], size)
    own_kind = rng.choice(OWN_KINDS, size)
    kind = np.where(by_email, email_kind, own_kind)
    hours = np.timedelta64(REPLY_HOURS, "h")
    answer_ends = outreach_at[touches.person] + hours
    too_early = touches.at <= answer_ends
    is_reply = kind == "reply"
    return np.where(is_reply & too_early, "chat", kind)


def _first_call_or_its_day(facts: CellFacts) -> Moments:
    """Return each first call, or the end of its block where no rep called."""
    journeys = facts.journeys
    blocks = journeys.history.call_block + 1
    ends = after(facts.people.captured_at, blocks * DAY_SECONDS)
    uncalled = np.isnat(journeys.contact_at)
    return np.where(uncalled, ends, journeys.contact_at)


def _late_events(facts: CellFacts, rng: np.random.Generator) -> _Events:
    """Draw what happens between first call and outcome: more, where the lead converts."""
    outcomes = facts.journeys.outcomes
    starts = _first_call_or_its_day(facts)
    ends = np.where(
        outcomes.converted, outcomes.submitted_at, starts + 20 * DAY
    )
    counts = rng.poisson(1.5 + 3.0 * outcomes.converted)
    person = repeated(counts)
    size = len(person)
    spans = (ends - starts)[person].astype(np.int64)
    spans = np.maximum(spans, 3601)
    seconds = rng.uniform(3600, spans)
    moments = after(starts[person], seconds)
    kind = rng.choice(LATE_KINDS, size)
    by_email = rng.random(size) < 0.4
    kind = np.where(by_email, "open", kind)
    return _Events(person, moments, kind)


def _emails(
    facts: CellFacts,
    own_events: _Events,
    late_events: _Events,
    rng: np.random.Generator,
) -> Rows:
    """Record the marketing platform's e-mail events."""
    in_mail = np.isin(own_events.kind, EMAIL_KINDS)
    late_in_mail = np.isin(late_events.kind, EMAIL_KINDS)
    events = _joined(
        [
            _sends(facts, rng),
            _selected(own_events, in_mail),
            _selected(late_events, late_in_mail),
        ]
    )
    server = rng.choice(SERVERS, len(events.person), p=SERVER_SHARES)
    columns = {
        "email": choose_emails(
            facts.identities, "marketing", events.person, rng
        ),
        "kind": events.kind,
        "campaign": _campaigns(facts, events),
        "server": server,
    }
    return Rows("marketing/email", columns, events.person, events.at)


def _campaigns(facts: CellFacts, events: _Events) -> Objects:
    """Return the last e-mail that had gone out on the day of each event: `nurture_1` to `nurture_8`."""
    captured_at = facts.people.captured_at[events.person]
    seconds = (events.at - captured_at).astype(np.int64)
    blocks = seconds // DAY_SECONDS
    letter = np.searchsorted(SEND_BLOCKS, blocks, side="right")
    numbers = range(len(SEND_BLOCKS) + 1)
    names = [f"nurture_{number}" for number in numbers]
    texts = np.array(names, dtype=object)
    return np.asarray(texts[letter])


def _sends(facts: CellFacts, rng: np.random.Generator) -> _Events:
    everyone = _everyone(facts)
    person = np.repeat(everyone, len(SEND_BLOCKS))
    blocks = np.tile(SEND_BLOCKS, len(everyone))
    captured_at = facts.people.captured_at[person]
    offsets = facts.people.utc_offsets[person]
    moments = in_block(captured_at, blocks, offsets, rng)
    return _events(person, moments, "sent")


def _interactions(
    facts: CellFacts,
    own_events: _Events,
    late_events: _Events,
    rng: np.random.Generator,
) -> Rows:
    """Record what the CRM keeps of reps and leads."""
    everyone = _everyone(facts)
    journeys = facts.journeys
    minutes = rng.uniform(3.0, 40.0, len(everyone))
    results_at = after(journeys.contact_at, minutes * 60)
    by_hand = ~np.isin(own_events.kind, EMAIL_KINDS)
    late_by_hand = ~np.isin(late_events.kind, EMAIL_KINDS)
    events = _joined(
        [
            _events(everyone, journeys.outreach_at, "outreach"),
            _events(everyone, journeys.answered_at, "reply"),
            _events(everyone, journeys.contact_at, "call"),
            _events(everyone, results_at, "call_result"),
            _selected(own_events, by_hand),
            _selected(late_events, late_by_hand),
        ]
    )
    size = len(events.person)
    # The mailbox plug-in logs some rows by address only.
    by_address = rng.random(size) < 0.02
    emails = choose_emails(facts.identities, "crm", events.person, rng)
    with_address = by_address | (rng.random(size) < 0.2)
    lead_ids = _record_ids(facts, events, rng)
    outgoing = np.isin(events.kind, OUTGOING)
    columns = {
        "lead_id": np.where(by_address, "", lead_ids),
        "email": np.where(with_address, emails, ""),
        "kind": events.kind,
        "direction": np.where(outgoing, "out", "in").astype(object),
        "rep": _rep_names(facts.people.rep[events.person]),
        "result": _call_results(facts, events, rng),
    }
    return Rows("crm/interactions", columns, events.person, events.at)


def _record_ids(
    facts: CellFacts, events: _Events, rng: np.random.Generator
) -> Objects:
    """Return the CRM record of each event: now and then the second one, once there is one."""
    duplicates = facts.identities.duplicates
    size = len(facts.people.number)
    second_ids = np.full(size, "", dtype=object)
    second_ids[duplicates.person] = duplicates.lead_ids
    second_from = np.full(size, np.datetime64("2200-01-01", "s"))
    second_from[duplicates.person] = _duplicated_at(facts)
    on_second = events.at > second_from[events.person]
    on_second &= rng.random(len(on_second)) < 0.4
    first = facts.identities.lead_ids[events.person]
    return np.where(on_second, second_ids[events.person], first)


def _duplicated_at(facts: CellFacts) -> Moments:
    duplicates = facts.identities.duplicates
    captured_at = facts.people.captured_at[duplicates.person]
    return after(captured_at, duplicates.days_later * DAY_SECONDS)


def _rep_names(reps: Ints) -> Objects:
    names = [f"rep_{rep:02d}" for rep in range(REPS)]
    texts = np.array(names, dtype=object)
    return np.asarray(texts[reps])


def _call_results(
    facts: CellFacts, events: _Events, rng: np.random.Generator
) -> Objects:
    """Return `reached` or `voicemail` for results of calls; it follows from the outcome."""
    converted = facts.journeys.outcomes.converted[events.person]
    share = np.where(converted, 0.85, 0.5)
    reached = rng.random(len(share)) < share
    words = np.where(reached, "reached", "voicemail")
    is_result = events.kind == "call_result"
    return np.where(is_result, words.astype(object), "")


def _ads(facts: CellFacts, rng: np.random.Generator) -> Rows:
    """Record clicks and impressions before capture, and one attribution for each lead."""
    people = facts.people
    everyone = _everyone(facts)
    clicks = np.where(people.paid, rng.poisson(0.8, len(everyone)), 0)
    seen = rng.poisson(np.where(people.paid, 1.0, 0.15))
    last_click = people.captured_at - np.timedelta64(600, "s")
    last_click[~people.paid] = np.datetime64("NaT")
    events = _joined(
        [
            _events(everyone, people.captured_at, "attribution"),
            _events(everyone, last_click, "click"),
            _before_capture(people, clicks, "click", rng),
            _before_capture(people, seen, "impression", rng),
            _clicks_of_nobody(people, rng),
        ]
    )
    size = len(events.person)
    channel = people.channel[events.person]
    emails = choose_emails(facts.identities, "marketing", events.person, rng)
    phones = choose_phones(facts.identities, events.person, rng)
    somebody = events.person != NOBODY
    with_email = somebody & (rng.random(size) < 0.85)
    with_phone = somebody & (rng.random(size) < 0.25)
    clicked = events.kind == "click"
    cost = np.round(rng.gamma(2.0, 1.5, size), 2)
    paid = people.paid[events.person] | ~somebody
    columns = {
        "email": np.where(with_email, emails, ""),
        "phone": np.where(with_phone, phones, ""),
        "kind": events.kind,
        "channel": CHANNELS.astype(object)[channel],
        "medium": np.where(paid, "paid", "organic").astype(object),
        "cost": np.where(clicked & paid, cost, np.nan),
    }
    return Rows("marketing/ads", columns, events.person, events.at)


def _before_capture(
    people: People, counts: Ints, kind: str, rng: np.random.Generator
) -> _Events:
    person = repeated(counts)
    hours = 1 + rng.exponential(60.0, len(person))
    hours = np.minimum(hours, 480.0)
    captured_at = people.captured_at[person]
    moments = after(captured_at, -hours * 3600)
    return _events(person, moments, kind)


def _clicks_of_nobody(people: People, rng: np.random.Generator) -> _Events:
    dice = rng.random(len(people.number))
    captured_at = people.captured_at[dice < NOBODY_SHARE]
    person = np.full(len(captured_at), NOBODY)
    half_hours = np.full(len(person), 1800)
    moments = after(captured_at, half_hours)
    return _events(person, moments, "click")


def _applications(facts: CellFacts, rng: np.random.Generator) -> Rows:
    """Record the internal database: applications, decisions, and leads that were closed without one."""
    outcomes = facts.journeys.outcomes
    everyone = _everyone(facts)
    size = len(everyone)
    corrected = rng.random(size) < CORRECTED_SHARE
    decision = _decisions(outcomes.approved)
    # A wrong decision says the opposite of the right one.
    first = _decisions(outcomes.approved ^ corrected)
    days = rng.uniform(3.0, 10.0, size)
    corrected_at = after(outcomes.decided_at, days * DAY_SECONDS)
    corrected_at[~corrected] = np.datetime64("NaT")
    events = _joined(
        [
            _events(everyone, outcomes.submitted_at, "submitted"),
            _events(everyone, outcomes.decided_at, first),
            _events(everyone, corrected_at, decision),
            _events(everyone, outcomes.withdrawn_at, "withdrawn"),
            _events(everyone, outcomes.closed_at, "closed_lost"),
        ]
    )
    identities = facts.identities
    lead_ids = identities.lead_ids[events.person]
    with_id = (rng.random(size) < 0.6)[events.person]
    amounts = rng.lognormal(3.0, 0.6, size).round(1)
    is_lost = events.kind == "closed_lost"
    columns = {
        "application_id": _application_ids(lead_ids),
        "lead_id": np.where(with_id, lead_ids, ""),
        "email": choose_emails(identities, "applications", events.person, rng),
        "phone": choose_phones(identities, events.person, rng),
        "status": events.kind,
        "converted": np.where(is_lost, "no", "yes").astype(object),
        "approved": _approved_cells(events.kind),
        "amount": np.where(is_lost, np.nan, amounts[events.person]),
        "started_at": outcomes.started_at[events.person],
    }
    return Rows("applications", columns, events.person, events.at)


def _decisions(approved: Bools) -> Objects:
    words = np.where(approved, "approved", "rejected")
    return words.astype(object)


def _application_ids(lead_ids: Objects) -> Objects:
    """Return ids that look unlike those of the CRM, one for each person."""
    ids = []
    for lead_id in lead_ids:
        number = int(lead_id[1:])
        mixed = number * 2_246_822_519 % 2**32
        ids.append(f"A{mixed:010d}")
    return np.array(ids, dtype=object)


def _approved_cells(statuses: Objects) -> Objects:
    cells = np.full(len(statuses), "", dtype=object)
    cells[statuses == "approved"] = "yes"
    cells[statuses == "rejected"] = "no"
    return cells


def _leads(facts: CellFacts, rng: np.random.Generator) -> Rows:
    """Record the CRM's leads: a row when a record is made, and one each time it changes."""
    people = facts.people
    outcomes = facts.journeys.outcomes
    duplicates = facts.identities.duplicates
    everyone = _everyone(facts)
    duplicated_at = _duplicated_at(facts)
    merged_at = after(duplicated_at, duplicates.merge_days * DAY_SECONDS)
    merged_at[~duplicates.merged] = np.datetime64("NaT")
    last_at = np.where(
        outcomes.converted, outcomes.submitted_at, outcomes.closed_at
    )
    last = np.where(outcomes.converted, "converted", "lost").astype(object)
    events = _joined(
        [
            _events(everyone, people.captured_at, "new"),
            _events(everyone, _first_call_or_its_day(facts), "working"),
            _events(everyone, last_at, last),
            _events(duplicates.person, duplicated_at, "duplicate"),
            _events(duplicates.person, merged_at, "merged"),
        ]
    )
    columns = _lead_columns(facts, events, rng)
    return Rows("crm/leads", columns, events.person, events.at)


def _lead_columns(
    facts: CellFacts, events: _Events, rng: np.random.Generator
) -> dict[str, Objects]:
    people = facts.people
    person = events.person
    size = len(people.number)
    industry = _with_gaps(INDUSTRIES.astype(object)[people.industry], rng)
    seniority = _with_gaps(SENIORITIES.astype(object)[people.seniority], rng)
    phones = choose_phones(facts.identities, np.arange(size), rng)
    columns = {
        "lead_id": facts.identities.lead_ids[person],
        "email": choose_emails(facts.identities, "crm", person, rng),
        "phone": phones[person],
        "first_name": facts.identities.first_names[person],
        "last_name": facts.identities.last_names[person],
        "company": facts.identities.companies[person],
        "account_id": _account_ids(people.account)[person],
        "industry": industry[person],
        "employees": people.employees[person],
        "country": COUNTRIES.astype(object)[people.country][person],
        "seniority": seniority[person],
        "channel": CHANNELS.astype(object)[people.channel][person],
        "budget": people.budget[person],
        "owner": _owners(people, events, rng),
        "status": events.kind.copy(),
        "revenue": _revenues(people, events, rng),
        "merged_into": np.full(len(person), "", dtype=object),
        "created_at": people.captured_at[person],
    }
    _write_duplicates(facts, events, columns)
    return columns


def _with_gaps(cells: Objects, rng: np.random.Generator) -> Objects:
    missing = rng.random(len(cells)) < MISSING_SHARE
    return np.where(missing, "", cells)


def _account_ids(accounts: Ints) -> Objects:
    ids = [f"C{account:06d}" for account in accounts]
    return np.array(ids, dtype=object)


def _owners(
    people: People, events: _Events, rng: np.random.Generator
) -> Objects:
    """Return the rep who owns each record: after the first call, now and then, another one."""
    rep = people.rep[events.person]
    other_rep = (rep + 7) % REPS
    after_call = np.isin(events.kind, ["working", "converted", "lost"])
    leaves = rng.random(len(people.number)) < 0.15
    handed_over = after_call & leaves[events.person]
    owner = np.where(handed_over, other_rep, rep)
    return _rep_names(owner)


def _revenues(
    people: People, events: _Events, rng: np.random.Generator
) -> Objects:
    """Return the company's revenue: filled in weeks later, most often for leads that converted."""
    shares = np.full(len(events.person), 0.05)
    shares[events.kind == "converted"] = 0.9
    shares[events.kind == "lost"] = 0.3
    filled = rng.random(len(shares)) < shares
    revenue = np.round(people.employees[events.person] * 0.12, 1)
    return np.where(filled, revenue, np.nan)


def _write_duplicates(
    facts: CellFacts, events: _Events, columns: dict[str, Objects]
) -> None:
    """Put the second record's cells into the rows of duplicates and merges."""
    duplicates = facts.identities.duplicates
    positions = np.full(len(facts.people.number), -1)
    positions[duplicates.person] = np.arange(len(duplicates.person))
    doubled = events.kind == "duplicate"
    merged = events.kind == "merged"
    columns["status"][doubled] = "new"
    for rows in (doubled, merged):
        second = positions[events.person[rows]]
        columns["lead_id"][rows] = duplicates.lead_ids[second]
        columns["email"][rows] = duplicates.emails[second]
        columns["created_at"][rows] = _duplicated_at(facts)[second]
    second_survives = np.zeros(len(events.person), dtype=bool)
    second = positions[events.person[merged]]
    second_survives[merged] = duplicates.survives[second]
    first = merged & ~second_survives
    columns["merged_into"][first] = _first_ids(facts, events)[first]
    # The older record goes into the newer one: its own cells stay.
    rows = second_survives
    person = events.person[rows]
    columns["merged_into"][rows] = columns["lead_id"][rows]
    columns["lead_id"][rows] = _first_ids(facts, events)[rows]
    columns["email"][rows] = facts.identities.emails[person, 0]
    columns["created_at"][rows] = facts.people.captured_at[person]


def _first_ids(facts: CellFacts, events: _Events) -> Objects:
    ids = facts.identities.lead_ids
    return np.asarray(ids[events.person])
