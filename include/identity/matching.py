"""Match a load with what is known: most records by arrays, the others one by one by `include.identity.joining`.

    additions = match(ledger, load, rules)
    ledger = ledger.plus(additions)

The additions are what is new. A load that comes twice adds nothing the second time. A load whose records became known
at many moments gives the same as many loads.
"""

from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.identity.additions import Additions, Plain
from include.identity.batch import (
    LAST,
    Batch,
    Before,
    read_batch,
    read_before,
    records_by_then,
)
from include.identity.claims import Load
from include.identity.codes import (
    STRENGTH_DIGITS,
    microseconds,
    one_array,
    person_id,
    places_in,
)
from include.identity.components import Flags, Numbers, connected_components
from include.identity.joining import NO_KEY, Claim, Joiner, Known
from include.identity.ledger import Ledger, living
from include.identity.rules import IdentityRules


def match(ledger: Ledger, load: Load, rules: IdentityRules) -> Ledger:
    """Return what a load adds to the ledger.

    Rules:
        - Records that share a key are one person, and so are those that hang together through others.
        - A key that more than `rules.max_records` records have is no key from the moment on at which that is so.
          What it joined before stays joined.
        - The id of a person follows from its first record. A person keeps it, whatever comes later, until it turns
          out to be a person who was known earlier; then a merge says so.
        - Moments before the ledger's last decision count as that moment: nothing becomes known in the past.
    """
    batch = read_batch(ledger, load, rules)
    before = read_before(ledger, batch, rules)
    records = records_by_then(batch, before)
    shared = before.retired[batch.claim_keys]
    shared = shared | (records > rules.max_records)
    labels = _components(batch, before, ~shared)
    plain = _plain(batch, before, labels, ~shared)
    pending = _pending(batch, before, labels, plain.records, shared)
    joiner = _joiner(ledger, batch, before, pending, rules)
    _join(joiner, pending)
    additions = Additions(batch, before, rules)
    return Ledger(
        records=additions.records(joiner, plain),
        keys=additions.keys(joiner, plain),
        claims=additions.claims(joiner, shared),
        merges=additions.merges(joiner),
        retired=additions.retired(joiner, records, shared),
    )


def _components(batch: Batch, before: Before, usable: Flags) -> Numbers:
    """Return the component of each record, key and known person, in this order."""
    records = len(batch.record_texts)
    keys = len(batch.key_texts)
    nodes = records + keys + len(before.people)
    claim_keys = batch.claim_keys[usable]
    known_records = np.flatnonzero(before.record_people >= 0)
    claimed = np.zeros(keys, dtype=np.bool_)
    claimed[claim_keys] = True
    known_keys = np.flatnonzero(claimed & (before.key_people >= 0))
    left = [
        batch.claim_records[usable],
        known_records,
        records + known_keys,
    ]
    right = [
        records + claim_keys,
        records + keys + before.record_people[known_records],
        records + keys + before.key_people[known_keys],
    ]
    return connected_components(
        np.concatenate(left), np.concatenate(right), nodes
    )


def _plain(
    batch: Batch, before: Before, labels: Numbers, usable: Flags
) -> Plain:
    """Return the records whose person can be told without a look at the order in which they came.

    They meet no known person, and either all became known at one moment, or one of their keys belongs to every one of
    them from its own first moment on. Two people can then never turn out to be one.
    """
    records = len(batch.record_texts)
    component_of_record = labels[:records]
    members = np.bincount(component_of_record, minlength=labels.size)
    first_person = records + len(batch.key_texts)
    people = np.bincount(labels[first_person:], minlength=labels.size)
    one_moment = _one_moment(batch, component_of_record, usable, labels.size)
    common = _common_key(batch, labels, members, usable)
    plain = (people == 0) & (one_moment | common)
    order = np.lexsort(
        (np.arange(records), batch.record_moments, component_of_record)
    )
    components, firsts = np.unique(
        component_of_record[order], return_index=True
    )
    founders = np.full(labels.size, -1, dtype=np.int64)
    founders[components] = order[firsts]
    claims = usable & plain[component_of_record[batch.claim_records]]
    return Plain(
        records=plain[component_of_record],
        founders=founders[component_of_record],
        claims=claims,
    )


def _one_moment(batch: Batch, own: Numbers, usable: Flags, size: int) -> Flags:
    """Return for each component whether all of it became known at one moment."""
    earliest = np.full(size, LAST)
    latest = np.full(size, -LAST)
    np.minimum.at(earliest, own, batch.record_moments)
    np.maximum.at(latest, own, batch.record_moments)
    claims = own[batch.claim_records[usable]]
    np.maximum.at(latest, claims, batch.claim_moments[usable])
    same: Flags = earliest >= latest
    return same


def _common_key(
    batch: Batch, labels: Numbers, members: Numbers, usable: Flags
) -> Flags:
    """Return for each component whether all its records have one key from their first moments on."""
    first_moments = batch.record_moments[batch.claim_records]
    at_once = usable & (batch.claim_moments == first_moments)
    carriers = np.bincount(
        batch.claim_keys[at_once], minlength=len(batch.key_texts)
    )
    records = len(batch.record_texts)
    components = labels[records : records + len(batch.key_texts)]
    common = np.zeros(labels.size, dtype=np.bool_)
    common[components[carriers == members[components]]] = True
    return common


@dataclass(frozen=True)
class _Pending:
    """What is not plain: claims, and arrivals of records, ordered by component and moment; each of shape (entries,).

    Attributes:
        components: that an entry belongs to.
        moments: since when it is known.
        records: number of the record.
        keys: number of the key, NO_KEY for an arrival.
        claims: number of the claim, NO_KEY for an arrival.
    """

    components: Numbers
    moments: Numbers
    records: Numbers
    keys: Numbers
    claims: Numbers


def _pending(
    batch: Batch,
    before: Before,
    labels: Numbers,
    plain: Flags,
    shared: Flags,
) -> _Pending:
    """Return what is not plain."""
    arriving = np.flatnonzero(~plain & (before.record_people < 0))
    claims = np.flatnonzero(~plain[batch.claim_records] & ~shared)
    none = np.full(arriving.size, NO_KEY)
    records = np.concatenate([batch.claim_records[claims], arriving])
    keys = np.concatenate([batch.claim_keys[claims], none])
    claims_or_none = np.concatenate([claims, none])
    moments = np.concatenate(
        [batch.claim_moments[claims], batch.record_moments[arriving]]
    )
    components = labels[records]
    order = np.lexsort((keys, records, moments, components))
    return _Pending(
        components=components[order],
        moments=moments[order],
        records=records[order],
        keys=keys[order],
        claims=claims_or_none[order],
    )


def _joiner(
    ledger: Ledger,
    batch: Batch,
    before: Before,
    pending: _Pending,
    rules: IdentityRules,
) -> Joiner:
    """Return a joiner that knows what the ledger says of what is pending."""
    number_of_people = len(before.people)

    def founded(record: int) -> int:
        return number_of_people + record

    def id_text(person: int) -> str:
        if person < number_of_people:
            return str(before.people[person].as_py())
        record = person - number_of_people
        return person_id(batch.record_texts[record].as_py())

    keys = np.unique(pending.keys[pending.keys >= 0])
    record_people = _known_dict(
        before.record_people, np.unique(pending.records)
    )
    key_people = _known_dict(before.key_people, keys)
    people = {*record_people.values(), *key_people.values()}
    numbers = np.array(sorted(people), dtype=np.int64)
    known_people = Known(
        record_people=record_people,
        key_people=key_people,
        id_names=_id_names(ledger, before, numbers, rules),
        born=_born(ledger, before, numbers),
    )
    return Joiner(
        known_people, _names_of_ids(batch, keys, rules), founded, id_text
    )


def _known_dict(people: Numbers, wanted: Numbers) -> dict[int, int]:
    """Return those of the wanted numbers that have a person, with that person's number."""
    known_numbers = wanted[people[wanted] >= 0]
    return dict(
        zip(known_numbers.tolist(), people[known_numbers].tolist(), strict=True)
    )


def _names_of_ids(
    batch: Batch, keys: Numbers, rules: IdentityRules
) -> dict[int, str]:
    """Return those of some keys that are of the kind `id`, with the key's name."""
    texts = batch.key_texts.take(pa.array(keys))
    prefixes = pc.utf8_slice_codeunits(texts, 0, STRENGTH_DIGITS)
    strengths = one_array(prefixes).cast(pa.int64()).to_numpy()
    names: dict[int, str] = {}
    for strength, key in enumerate(rules.keys):
        if key.kind == "id":
            numbers = keys[strengths == strength]
            names.update(dict.fromkeys(numbers.tolist(), key.name))
    return names


def _id_names(
    ledger: Ledger, before: Before, people: Numbers, rules: IdentityRules
) -> dict[int, set[str]]:
    """Return for each of some people the names of those keys of the kind `id` that it has."""
    names_of: dict[int, set[str]] = {}
    if not people.size:
        return names_of
    for key in rules.keys:
        if key.kind != "id":
            continue
        of_name = pc.equal(ledger.keys["name"], key.name)
        person_ids = ledger.keys.filter(of_name)["person_id"]
        ids = one_array(living(person_ids, ledger.merges))
        numbers = np.intersect1d(places_in(ids, before.people), people)
        for person in numbers.tolist():
            names_of.setdefault(person, set()).add(key.name)
    return names_of


def _born(ledger: Ledger, before: Before, people: Numbers) -> dict[int, int]:
    """Return since when each of some people is known, in microseconds."""
    if not people.size:
        return {}
    # An id that lives on was older than those that ended in it, so its own records say it.
    numbers = places_in(one_array(ledger.records["person_id"]), before.people)
    is_known = numbers >= 0
    moments = microseconds(ledger.records["valid_from"])
    born = np.full(len(before.people), LAST)
    np.minimum.at(born, numbers[is_known], moments[is_known])
    return dict(zip(people.tolist(), born[people].tolist(), strict=True))


def _join(joiner: Joiner, pending: _Pending) -> None:
    """Let the joiner decide what is pending, component by component, moment by moment."""
    columns = (
        pending.components,
        pending.moments,
        pending.records,
        pending.keys,
        pending.claims,
    )
    rows = zip(*(column.tolist() for column in columns), strict=True)
    for (_, moment), group in groupby(rows, key=itemgetter(0, 1)):
        entries = [Claim(*row[2:]) for row in group]
        joiner.join(moment, entries)
