"""Report how a load was matched: how many records by which key, how many not, and what is odd.

report = match_report(before, after, load, rules)
report = with_rows(report, "emails", people)        # for each source whose rows refer to people
report.to_json()
"""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.identity.claims import Load
from include.identity.codes import (
    flags,
    key_texts,
    one_array,
    places_in,
    record_texts,
)
from include.identity.components import Flags, Numbers
from include.identity.joining import CONFLICT, JOINED
from include.identity.ledger import Ledger, people_of
from include.identity.resolving import People
from include.identity.rules import IdentityRules

LARGEST = 5


@dataclass(frozen=True)
class SourceReport:
    """How the rows of one source were matched.

    Every row counts once: in `conflicting`, else under the strongest key that it shares with another record or with a
    person, else in `unmatched`.

    Attributes:
        rows: in the load.
        matched: name of a key to number of rows.
        unmatched: rows of a person of whom no other record is known, or, of rows that refer to people, of nobody.
            They are kept.
        conflicting: rows one of whose keys belongs to another person.
        problems: name of a key to problem to number of cells that are no key for it.
    """

    rows: int
    matched: Mapping[str, int] = field(default_factory=dict)
    unmatched: int = 0
    conflicting: int = 0
    problems: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    @property
    def matched_share(self) -> float:
        """Return the share of matched rows, in [0, 1]; 0 without rows."""
        if not self.rows:
            return 0.0
        return sum(self.matched.values()) / self.rows


@dataclass(frozen=True)
class LargePerson:
    """A person with many records."""

    person_id: str
    records: int


@dataclass(frozen=True)
class MatchReport:
    """How a load was matched.

    Attributes:
        sources: by name.
        new_people: ids that the load has made, those that it ended at once among them.
        people: ids that live after the load.
        merges: name of a key to number of people who turned out to be another one by it.
        retired: reason to number of keys that are none since this load.
        largest: people with the most records after the load, largest first.
    """

    sources: Mapping[str, SourceReport]
    new_people: int
    people: int
    merges: Mapping[str, int]
    retired: Mapping[str, int]
    largest: tuple[LargePerson, ...]

    def to_json(self) -> str:
        """Return the report as JSON, with the share of matched rows of each source."""
        content = asdict(self)
        for name, source in self.sources.items():
            content["sources"][name]["matched_share"] = source.matched_share
        return json.dumps(content, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the report that `to_json` wrote."""
        content = json.loads(text)
        for source in content["sources"].values():
            source.pop("matched_share")
        sources = {
            name: SourceReport(**source)
            for name, source in content["sources"].items()
        }
        largest = tuple(LargePerson(**entry) for entry in content["largest"])
        return cls(**content | {"sources": sources, "largest": largest})


def match_report(
    before: Ledger, after: Ledger, load: Load, rules: IdentityRules
) -> MatchReport:
    """Return how a load was matched.

    Args:
        before: the ledger before the load.
        after: the ledger with what the load has added.
        load: records of sources that define people.
        rules: of identity.
    """
    merges = after.merges.slice(before.merges.num_rows)
    retired = after.retired.slice(before.retired.num_rows)
    ids_before = pc.count_distinct(before.records["person_id"]).as_py()
    ids_after = pc.count_distinct(after.records["person_id"]).as_py()
    people = people_of(after)
    return MatchReport(
        sources=_sources(after, load, rules),
        new_people=ids_after - ids_before,
        people=pc.count_distinct(people["person_id"]).as_py(),
        merges=_counts(merges["name"]),
        retired=_counts(retired["reason"]),
        largest=_largest(people),
    )


def with_rows(report: MatchReport, source: str, people: People) -> MatchReport:
    """Return the report with the rows of a source that refers to people."""
    conflicting = people.conflicting
    names = people.name.filter(pa.array(~conflicting))
    matched = _counts(names.drop_null())
    problems = _plain_problems(people.problems)
    entry = SourceReport(
        rows=len(people.person_id),
        matched=matched,
        unmatched=names.null_count,
        conflicting=int(conflicting.sum()),
        problems=problems,
    )
    return replace(report, sources={**report.sources, source: entry})


def _counts(column: pa.ChunkedArray) -> dict[str, int]:
    """Return how often each text stands in a column."""
    entries = pc.value_counts(one_array(column)).to_pylist()
    return {entry["values"]: entry["counts"] for entry in entries}


def _plain_problems(
    problems: Mapping[str, Counter[str]],
) -> dict[str, dict[str, int]]:
    """Return the keys that have problems."""
    return {name: dict(counts) for name, counts in problems.items() if counts}


def _largest(people: pa.Table) -> tuple[LargePerson, ...]:
    """Return the people with the most records; of equally many the first by id."""
    sizes = people.group_by("person_id").aggregate([("record", "count")])
    order = [("record_count", "descending"), ("person_id", "ascending")]
    first = sizes.sort_by(order).slice(0, LARGEST).to_pylist()
    return tuple(
        LargePerson(entry["person_id"], entry["record_count"])
        for entry in first
    )


def _sources(
    after: Ledger, load: Load, rules: IdentityRules
) -> dict[str, SourceReport]:
    """Return the report of each source of a load."""
    records = pc.unique(record_texts(load.records))
    claims = _claims_of(after, records)
    outcomes = one_array(claims["outcome"])
    joined = flags(pc.equal(outcomes, JOINED))
    shared = joined & _shared_with_another(after, claims, rules)
    numbers = places_in(record_texts(claims), records)
    classes = np.full(len(records), len(rules.names))
    names = pa.array(rules.names, pa.string())
    strengths = places_in(one_array(claims["name"]), names)
    np.minimum.at(classes, numbers[shared], strengths[shared])
    conflicts = flags(pc.equal(outcomes, CONFLICT))
    classes[numbers[conflicts]] = -1
    row_classes = classes[places_in(record_texts(load.records), records)]
    row_sources = one_array(load.records["source"])
    return {
        source: _source(
            row_classes[flags(pc.equal(row_sources, source))],
            rules,
            load.problems.get(source, {}),
        )
        for source in pc.unique(row_sources).to_pylist()
    }


def _source(
    classes: Numbers,
    rules: IdentityRules,
    problems: Mapping[str, Counter[str]],
) -> SourceReport:
    """Return the report of rows: the strength of their key, -1 for a conflict, and the number of keys for none."""
    matched = {
        name: int((classes == strength).sum())
        for strength, name in enumerate(rules.names)
    }
    return SourceReport(
        rows=classes.size,
        matched={name: count for name, count in matched.items() if count},
        unmatched=int((classes == len(rules.names)).sum()),
        conflicting=int((classes < 0).sum()),
        problems=_plain_problems(problems),
    )


def _claims_of(after: Ledger, records: pa.Array) -> pa.Table:
    """Return all claims of some records."""
    is_known = places_in(record_texts(after.claims), records) >= 0
    return after.claims.filter(pa.array(is_known))


def _shared_with_another(
    after: Ledger, claims: pa.Table, rules: IdentityRules
) -> Flags:
    """Return which claims are of a key by which several records joined."""
    joined = after.claims.filter(pc.equal(after.claims["outcome"], JOINED))
    counts = joined.group_by(["name", "value"]).aggregate([("record", "count")])
    several = counts.filter(pc.greater(counts["record_count"], 1))
    shared_keys = key_texts(several, rules.names)
    shared: Flags = places_in(key_texts(claims, rules.names), shared_keys) >= 0
    return shared
