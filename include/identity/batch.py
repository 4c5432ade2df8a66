"""Number a load, less what the ledger has, and find what the ledger says of its records and keys."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.identity.claims import Load
from include.identity.codes import (
    Coded,
    coded,
    key_texts,
    microseconds,
    one_array,
    places_in,
    record_texts,
)
from include.identity.components import Flags, Numbers
from include.identity.ledger import Ledger, living
from include.identity.rules import IdentityRules

LAST = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Batch:
    """A load by numbers, less what the ledger has.

    Attributes:
        record_texts: different records, shape (records,).
        record_moments: since when each is known.
        key_texts: different keys, strongest first, shape (keys,).
        claim_records: record of each new claim, shape (claims,).
        claim_keys: key of each.
        claim_moments: since when each is known.
    """

    record_texts: pa.Array
    record_moments: Numbers
    key_texts: pa.Array
    claim_records: Numbers
    claim_keys: Numbers
    claim_moments: Numbers


@dataclass(frozen=True)
class Before:
    """What the ledger says of a batch's records and keys.

    Attributes:
        people: ids that live, shape (people,).
        record_people: person of each record, -1 if it is new.
        key_people: person of each key, -1 if it has none.
        key_records: number of records that each key has in the ledger.
        retired: whether each key is none.
    """

    people: pa.Array
    record_people: Numbers
    key_people: Numbers
    key_records: Numbers
    retired: Flags


def read_batch(ledger: Ledger, load: Load, rules: IdentityRules) -> Batch:
    """Return a load by numbers, less the claims that the ledger has."""
    # Nothing becomes known before the ledger's last decision.
    decided = ledger.known_until()
    earliest = -LAST if decided is None else decided
    records = coded(record_texts(load.records))
    row_moments = microseconds(load.records["known_at"])
    record_moments = np.full(len(records.texts), LAST)
    np.minimum.at(record_moments, records.numbers, row_moments)
    record_moments = np.maximum(record_moments, earliest)
    keys = coded(key_texts(load.claims, rules.names))
    claim_records = places_in(record_texts(load.claims), records.texts)
    pairs = claim_records * max(len(keys.texts), 1) + keys.numbers
    pairs, inverse = np.unique(pairs, return_inverse=True)
    moments = np.full(pairs.size, LAST)
    claim_moments = microseconds(load.claims["known_at"])
    np.minimum.at(moments, inverse, claim_moments)
    moments = np.maximum(moments, earliest)
    new = ~np.isin(pairs, _ledger_pairs(ledger, records, keys, rules))
    numbers = np.divmod(pairs[new], max(len(keys.texts), 1))
    return Batch(
        record_texts=records.texts,
        record_moments=record_moments,
        key_texts=keys.texts,
        claim_records=numbers[0],
        claim_keys=numbers[1],
        claim_moments=moments[new],
    )


def _ledger_pairs(
    ledger: Ledger, records: Coded, keys: Coded, rules: IdentityRules
) -> Numbers:
    """Return the ledger's claims that a load repeats, each as one number."""
    claims = ledger.claims
    record_places = places_in(record_texts(claims), records.texts)
    key_places = places_in(key_texts(claims, rules.names), keys.texts)
    repeated = (record_places >= 0) & (key_places >= 0)
    number_of_keys = max(len(keys.texts), 1)
    return (record_places * number_of_keys + key_places)[repeated]


def read_before(ledger: Ledger, batch: Batch, rules: IdentityRules) -> Before:
    """Return what the ledger says of a batch's records and keys."""
    records = _known_rows(
        record_texts(ledger.records), batch.record_texts, ledger.records
    )
    keys = _known_rows(
        key_texts(ledger.keys, rules.names), batch.key_texts, ledger.keys
    )
    record_ids = one_array(living(records.table["person_id"], ledger.merges))
    key_ids = one_array(living(keys.table["person_id"], ledger.merges))
    people = pc.unique(pa.concat_arrays([record_ids, key_ids]))
    record_people = np.full(len(batch.record_texts), -1, dtype=np.int64)
    record_people[records.numbers] = places_in(record_ids, people)
    key_people = np.full(len(batch.key_texts), -1, dtype=np.int64)
    key_people[keys.numbers] = places_in(key_ids, people)
    claimed = places_in(key_texts(ledger.claims, rules.names), batch.key_texts)
    retired = places_in(key_texts(ledger.retired, rules.names), batch.key_texts)
    flags = np.zeros(len(batch.key_texts), dtype=np.bool_)
    flags[retired[retired >= 0]] = True
    counts = np.bincount(claimed[claimed >= 0], minlength=len(batch.key_texts))
    return Before(
        people=people,
        record_people=record_people,
        key_people=key_people,
        key_records=counts,
        retired=flags,
    )


@dataclass(frozen=True)
class _KnownRows:
    """Rows of the ledger that a batch has too, and their numbers in the batch."""

    table: pa.Table
    numbers: Numbers


def _known_rows(
    texts: pa.Array, batch_texts: pa.Array, table: pa.Table
) -> _KnownRows:
    numbers = places_in(texts, batch_texts)
    is_known = numbers >= 0
    return _KnownRows(
        table=table.filter(pa.array(is_known)), numbers=numbers[is_known]
    )


def records_by_then(batch: Batch, before: Before) -> Numbers:
    """Return for each claim how many records have its key at the claim's moment, that of the claim included."""
    order = np.lexsort((batch.claim_moments, batch.claim_keys))
    keys = batch.claim_keys[order]
    moments = batch.claim_moments[order]
    number = keys.size
    places = np.arange(number)
    key_starts = np.concatenate([[True], keys[1:] != keys[:-1]])[:number]
    first = np.maximum.accumulate(np.where(key_starts, places, 0))
    ends = np.ones(number, dtype=np.bool_)
    ends[:-1] = (keys[1:] != keys[:-1]) | (moments[1:] != moments[:-1])
    backward = np.where(ends, places, number)[::-1]
    last = np.minimum.accumulate(backward)[::-1]
    ranks = np.empty(number, dtype=np.int64)
    ranks[order] = last - first + 1
    return ranks + before.key_records[batch.claim_keys]
