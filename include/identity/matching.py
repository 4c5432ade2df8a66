"""Match a load with what is known: most records by arrays, those that meet others by `include.identity.joining`.

    additions = match(ledger, load, rules)
    ledger = ledger.plus(additions)

The additions are what is new. A load that comes twice adds nothing the second time. A load whose records became known
at many moments gives the same as many loads.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from include.identity.claims import MOMENT, Load
from include.identity.components import Numbers, connected_components
from include.identity.joining import (
    CONTESTED,
    JOINED,
    NO_KEY,
    RETIRED,
    Claim,
    Joiner,
    Known,
)
from include.identity.ledger import SCHEMAS, Ledger, living
from include.identity.rules import IdentityRules

SEPARATOR = "\x1f"
"""Between the parts of a text that stands for a record or a key; no cell holds it."""
SHARED = "shared"
LAST = np.iinfo(np.int64).max
ID_BYTES = 10

Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Coded:
    """Texts by numbers.

    Attributes:
        texts: different texts in order, shape (n,).
        numbers: of each row, shape (rows,).
    """

    texts: pa.Array
    numbers: Numbers


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


def match(ledger: Ledger, load: Load, rules: IdentityRules) -> Ledger:
    """Return what a load adds to the ledger.

    Rules:
        - Records that share a key are one person, and so are those that hang together through others.
        - A key that more than `rules.max_records` records have is no key from the moment on at which that is so. What it
          joined before stays joined.
        - The id of a person follows from its first record. A person keeps it, whatever comes later, until it turns
          out to be a person who was known earlier; then a merge says so.
        - Moments before the ledger's last decision count as that moment: nothing becomes known in the past.
    """
    batch = _batch(ledger, load, rules)
    before = _before(ledger, batch, rules)
    ranks = _records_by_then(batch, before)
    shared = before.retired[batch.claim_keys]
    shared = shared | (ranks > rules.max_records)
    labels = _components(batch, before, ~shared)
    alone = _alone(batch, before, labels)
    joiner = _joiner(ledger, batch, before, rules)
    _join(joiner, batch, before, labels, alone, shared)
    result = _Result(batch, before, rules)
    return Ledger(
        records=result.records(joiner, alone),
        keys=result.keys(joiner, alone, shared),
        claims=result.claims(joiner, shared),
        merges=result.merges(joiner),
        retired=result.retired(joiner, ranks, shared),
    )


def person_id(record_text: str) -> str:
    """Return the id of the person that a record founds."""
    digest = hashlib.blake2b(record_text.encode(), digest_size=ID_BYTES)
    return f"p{digest.hexdigest()}"


def record_texts(table: pa.Table) -> pa.Array:
    """Return one text for each record of a table with source and record."""
    return _one_array(
        pc.binary_join_element_wise(table["source"], table["record"], SEPARATOR)
    )


def key_texts(table: pa.Table, names: tuple[str, ...]) -> pa.Array:
    """Return one text for each key of a table with name and value; a stronger key comes first in order."""
    strengths = pa.array([f"{place:03d}" for place in range(len(names))])
    places = pc.index_in(table["name"], value_set=pa.array(names, pa.string()))
    strength = strengths.take(_one_array(places))
    value = _one_array(table["value"])
    return pc.binary_join_element_wise(strength, value, SEPARATOR)


def _one_array(column: Any) -> pa.Array:
    """Return a column as one array."""
    if not isinstance(column, pa.ChunkedArray):
        return column
    if column.num_chunks == 1:
        return column.chunk(0)
    return pa.concat_arrays([pa.array([], column.type), *column.chunks])


def _coded(texts: pa.Array) -> Coded:
    """Return texts by numbers in their order."""
    encoded = texts.dictionary_encode()
    order = pc.sort_indices(encoded.dictionary)
    places = order.to_numpy().astype(np.int64)
    ranks = np.empty(places.size, dtype=np.int64)
    ranks[places] = np.arange(places.size)
    numbers = ranks[encoded.indices.to_numpy()]
    return Coded(texts=encoded.dictionary.take(order), numbers=numbers)


def _places(texts: pa.Array, of: pa.Array) -> Numbers:
    """Return where each text stands in different texts, -1 if it does not."""
    places = pc.index_in(texts, value_set=of)
    return pc.fill_null(places, -1).to_numpy().astype(np.int64)


def _moments(column: pa.ChunkedArray, earliest: int | None) -> Numbers:
    """Return moments in microseconds, none before the ledger's last decision."""
    moments = _one_array(column).cast(pa.int64()).to_numpy()
    if earliest is None:
        return moments
    return np.maximum(moments, earliest)


def _batch(ledger: Ledger, load: Load, rules: IdentityRules) -> Batch:
    """Return a load by numbers, less the claims that the ledger has."""
    earliest = ledger.known_until()
    records = _coded(record_texts(load.records))
    row_moments = _moments(load.records["known_at"], earliest)
    record_moments = np.full(len(records.texts), LAST)
    np.minimum.at(record_moments, records.numbers, row_moments)
    keys = _coded(key_texts(load.claims, rules.names))
    claim_records = _places(record_texts(load.claims), records.texts)
    pairs = claim_records * max(len(keys.texts), 1) + keys.numbers
    pairs, places = np.unique(pairs, return_inverse=True)
    moments = np.full(pairs.size, LAST)
    claim_moments = _moments(load.claims["known_at"], earliest)
    np.minimum.at(moments, places, claim_moments)
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
    record_places = _places(record_texts(claims), records.texts)
    key_places = _places(key_texts(claims, rules.names), keys.texts)
    repeated = (record_places >= 0) & (key_places >= 0)
    number_of_keys = max(len(keys.texts), 1)
    return (record_places * number_of_keys + key_places)[repeated]


def _before(ledger: Ledger, batch: Batch, rules: IdentityRules) -> Before:
    """Return what the ledger says of a batch's records and keys."""
    records = _known_rows(
        record_texts(ledger.records), batch.record_texts, ledger.records
    )
    keys = _known_rows(
        key_texts(ledger.keys, rules.names), batch.key_texts, ledger.keys
    )
    record_ids = _one_array(living(records.table["person_id"], ledger.merges))
    key_ids = _one_array(living(keys.table["person_id"], ledger.merges))
    people = pc.unique(pa.concat_arrays([record_ids, key_ids]))
    record_people = np.full(len(batch.record_texts), -1, dtype=np.int64)
    record_people[records.numbers] = _places(record_ids, people)
    key_people = np.full(len(batch.key_texts), -1, dtype=np.int64)
    key_people[keys.numbers] = _places(key_ids, people)
    claimed = _places(key_texts(ledger.claims, rules.names), batch.key_texts)
    retired = _places(key_texts(ledger.retired, rules.names), batch.key_texts)
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
    places = _places(texts, batch_texts)
    known = places >= 0
    return _KnownRows(
        table=table.filter(pa.array(known)), numbers=places[known]
    )


def _records_by_then(batch: Batch, before: Before) -> Numbers:
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


def _alone(batch: Batch, before: Before, labels: Numbers) -> Flags:
    """Return which records are new and meet neither another record nor a known person, shape (records,)."""
    records = len(batch.record_texts)
    first_person = records + len(batch.key_texts)
    members = np.bincount(labels[:records], minlength=labels.size)
    people = np.bincount(labels[first_person:], minlength=labels.size)
    own = labels[:records]
    return (members[own] == 1) & (people[own] == 0)


def _joiner(
    ledger: Ledger, batch: Batch, before: Before, rules: IdentityRules
) -> Joiner:
    """Return a joiner that knows what the ledger says of the batch's people."""
    record_people = _known_dict(before.record_people)
    key_people = _known_dict(before.key_people)
    number_of_people = len(before.people)
    ids = before.people.to_pylist()

    def founded(record: int) -> int:
        return number_of_people + record

    def id_text(person: int) -> str:
        if person < number_of_people:
            return str(ids[person])
        record = person - number_of_people
        return person_id(batch.record_texts[record].as_py())

    known = Known(
        record_people=record_people,
        key_people=key_people,
        id_names=_id_names(ledger, before, rules),
        born=_born(ledger, before),
    )
    return Joiner(known, _IdNames(batch, rules), founded, id_text)


def _known_dict(people: Numbers) -> dict[int, int]:
    """Return the numbers that have a person, with that person's number."""
    places = np.flatnonzero(people >= 0)
    return dict(zip(places.tolist(), people[places].tolist(), strict=True))


class _IdNames(dict[int, str]):
    """Number of each key of the kind `id` to the key's name."""

    def __init__(self, batch: Batch, rules: IdentityRules) -> None:
        super().__init__()
        names = np.array(rules.names, dtype=object)
        kinds = np.array([key.kind == "id" for key in rules.keys])
        prefix = pc.utf8_slice_codeunits(batch.key_texts, 0, 3)
        strengths = _one_array(prefix).cast(pa.int64()).to_numpy()
        places = np.flatnonzero(kinds[strengths])
        found = names[strengths[places]]
        self.update(zip(places.tolist(), found.tolist(), strict=True))


def _id_names(
    ledger: Ledger, before: Before, rules: IdentityRules
) -> dict[int, set[str]]:
    """Return for each known person the names of those keys of the kind `id` that it has."""
    wanted = [key.name for key in rules.keys if key.kind == "id"]
    is_id = pc.is_in(
        ledger.keys["name"], value_set=pa.array(wanted, pa.string())
    )
    table = ledger.keys.filter(is_id)
    ids = _one_array(living(table["person_id"], ledger.merges))
    people = _places(ids, before.people)
    known = people >= 0
    names = table.filter(pa.array(known))["name"].to_pylist()
    names_of: dict[int, set[str]] = {}
    for person, name in zip(people[known].tolist(), names, strict=True):
        names_of.setdefault(person, set()).add(name)
    return names_of


def _born(ledger: Ledger, before: Before) -> dict[int, int]:
    """Return since when each known person is known, in microseconds."""
    # An id that lives on was older than those that ended in it, so its own records say it.
    places = _places(_one_array(ledger.records["person_id"]), before.people)
    known = places >= 0
    moments = _moments(ledger.records["valid_from"], None)
    born = np.full(len(before.people), LAST)
    np.minimum.at(born, places[known], moments[known])
    return dict(enumerate(born.tolist()))


def _join(
    joiner: Joiner,
    batch: Batch,
    before: Before,
    labels: Numbers,
    alone: Flags,
    shared: Flags,
) -> None:
    """Let the joiner decide what is not alone, component by component, moment by moment."""
    arriving = np.flatnonzero(~alone & (before.record_people < 0))
    claims = np.flatnonzero(~alone[batch.claim_records] & ~shared)
    none = np.full(arriving.size, NO_KEY)
    records = np.concatenate([batch.claim_records[claims], arriving])
    keys = np.concatenate([batch.claim_keys[claims], none])
    places = np.concatenate([claims, none])
    moments = np.concatenate(
        [batch.claim_moments[claims], batch.record_moments[arriving]]
    )
    components = labels[records]
    order = np.lexsort((keys, records, moments, components))
    columns = (components, moments, records, keys, places)
    rows = zip(*(column[order].tolist() for column in columns), strict=True)
    for (_, moment), group in groupby(rows, key=itemgetter(0, 1)):
        entries = [Claim(*row[2:]) for row in group]
        joiner.join(moment, entries)


class _Result:
    """Turn numbers back into rows of the ledger."""

    def __init__(
        self, batch: Batch, before: Before, rules: IdentityRules
    ) -> None:
        self._batch = batch
        self._before = before
        self._names = pa.array(rules.names, pa.string())

    def records(self, joiner: Joiner, alone: Flags) -> pa.Table:
        """Return the new records."""
        decided = _columns(joiner.new_records, 3)
        single = np.flatnonzero(alone)
        numbers = np.concatenate([single, decided[0]])
        people = np.concatenate([self._founded(single), decided[1]])
        moments = np.concatenate(
            [self._batch.record_moments[single], decided[2]]
        )
        source, record = self._record_columns(numbers)
        columns = [source, record, self._ids(people), _stamps(moments)]
        return pa.table(columns, schema=SCHEMAS["records"])

    def keys(self, joiner: Joiner, alone: Flags, shared: Flags) -> pa.Table:
        """Return the keys that have a person now."""
        batch = self._batch
        decided = _columns(joiner.new_keys, 3)
        claims = np.flatnonzero(alone[batch.claim_records] & ~shared)
        founders = batch.claim_records[claims]
        numbers = np.concatenate([batch.claim_keys[claims], decided[0]])
        people = np.concatenate([self._founded(founders), decided[1]])
        moments = np.concatenate([batch.claim_moments[claims], decided[2]])
        name, value = self._key_columns(numbers)
        columns = [name, value, self._ids(people), _stamps(moments)]
        return pa.table(columns, schema=SCHEMAS["keys"])

    def claims(self, joiner: Joiner, shared: Flags) -> pa.Table:
        """Return the new claims with what came of them."""
        batch = self._batch
        outcomes = np.full(batch.claim_keys.size, JOINED, dtype=object)
        outcomes[shared] = RETIRED
        for place, outcome in joiner.outcomes.items():
            outcomes[place] = outcome
        source, record = self._record_columns(batch.claim_records)
        name, value = self._key_columns(batch.claim_keys)
        columns = [
            source,
            record,
            name,
            value,
            pa.array(outcomes, pa.string()),
            _stamps(batch.claim_moments),
        ]
        return pa.table(columns, schema=SCHEMAS["claims"])

    def merges(self, joiner: Joiner) -> pa.Table:
        """Return the merges."""
        ended, lives_on, keys, moments = _columns(joiner.merges, 4)
        name, value = self._key_columns(keys)
        columns = [
            self._ids(ended),
            self._ids(lives_on),
            name,
            value,
            _stamps(moments),
        ]
        return pa.table(columns, schema=SCHEMAS["merges"])

    def retired(
        self, joiner: Joiner, records: Numbers, shared: Flags
    ) -> pa.Table:
        """Return the keys that are none from now on."""
        batch = self._batch
        contested = _columns(joiner.retired, 3)
        claims = np.flatnonzero(
            shared & ~self._before.retired[batch.claim_keys]
        )
        # Of each key the first claim at which too many records have it.
        order = np.lexsort(
            (batch.claim_moments[claims], batch.claim_keys[claims])
        )
        claims = claims[order]
        shared_keys, first = np.unique(
            batch.claim_keys[claims], return_index=True
        )
        claims = claims[first]
        numbers = np.concatenate([shared_keys, contested[0]])
        counts = np.concatenate([records[claims], contested[1]])
        moments = np.concatenate([batch.claim_moments[claims], contested[2]])
        reasons = [SHARED] * shared_keys.size + [CONTESTED] * contested[0].size
        name, value = self._key_columns(numbers)
        columns = [
            name,
            value,
            pa.array(reasons, pa.string()),
            pa.array(counts, pa.int64()),
            _stamps(moments),
        ]
        return pa.table(columns, schema=SCHEMAS["retired"])

    def _founded(self, records: Numbers) -> Numbers:
        """Return the numbers of the people that records found."""
        return records + len(self._before.people)

    def _ids(self, people: Numbers) -> pa.Array:
        """Return the ids of people."""
        different, places = np.unique(people, return_inverse=True)
        known = different[different < len(self._before.people)]
        founders = different[known.size :] - len(self._before.people)
        texts = self._batch.record_texts.take(pa.array(founders))
        founded = [person_id(text) for text in texts.to_pylist()]
        ids = pa.concat_arrays(
            [
                self._before.people.take(pa.array(known)),
                pa.array(founded, pa.string()),
            ]
        )
        return ids.take(pa.array(places))

    def _record_columns(self, numbers: Numbers) -> tuple[pa.Array, pa.Array]:
        """Return source and record of records."""
        return _split(self._batch.record_texts.take(pa.array(numbers)))

    def _key_columns(self, numbers: Numbers) -> tuple[pa.Array, pa.Array]:
        """Return name and value of keys."""
        strengths, values = _split(
            self._batch.key_texts.take(pa.array(numbers))
        )
        return self._names.take(strengths.cast(pa.int64())), values


def _split(texts: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Return the text before the first separator and that behind it."""
    parts = pc.split_pattern(texts, SEPARATOR, max_splits=1)
    return pc.list_element(parts, 0), pc.list_element(parts, 1)


def _stamps(moments: Numbers) -> pa.Array:
    return pa.array(moments, pa.int64()).cast(MOMENT)


def _columns(rows: Sequence[Sequence[int]], number: int) -> list[Numbers]:
    """Return rows of whole numbers as columns, of which there are none without rows."""
    table = np.array(rows, dtype=np.int64).reshape(-1, number)
    return list(table.T)
