"""Turn what was decided, which is numbers, into rows of the ledger."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from include.identity.batch import Batch, Before
from include.identity.claims import MOMENT
from include.identity.codes import person_id, split
from include.identity.components import Flags, Numbers
from include.identity.joining import CONTESTED, JOINED, RETIRED, Joiner
from include.identity.ledger import SCHEMAS
from include.identity.rules import IdentityRules

SHARED = "shared"


@dataclass(frozen=True)
class Plain:
    """Records whose person can be told without a look at the order in which they came.

    Attributes:
        records: which they are, shape (records,).
        founders: the record that founds the person of each of them, shape (records,).
        claims: which claims are theirs and count, shape (claims,).
    """

    records: Flags
    founders: Numbers
    claims: Flags


class Additions:
    """Turn numbers back into rows of the ledger."""

    def __init__(
        self, batch: Batch, before: Before, rules: IdentityRules
    ) -> None:
        self._batch = batch
        self._before = before
        self._names = pa.array(rules.names, pa.string())

    def records(self, joiner: Joiner, plain: Plain) -> pa.Table:
        """Return the new records."""
        decided = _columns(joiner.new_records, 3)
        new = np.flatnonzero(plain.records)
        numbers = np.concatenate([new, decided[0]])
        founded = self._founded(plain.founders[new])
        people = np.concatenate([founded, decided[1]])
        moments = np.concatenate([self._batch.record_moments[new], decided[2]])
        source, record = self._record_columns(numbers)
        columns = [source, record, self._ids(people), _stamps(moments)]
        return pa.table(columns, schema=SCHEMAS["records"])

    def keys(self, joiner: Joiner, plain: Plain) -> pa.Table:
        """Return the keys that have a person now."""
        batch = self._batch
        decided = _columns(joiner.new_keys, 3)
        claims = np.flatnonzero(plain.claims)
        claims = _first_of_key(batch, claims)
        founders = plain.founders[batch.claim_records[claims]]
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
        claims = _first_of_key(batch, claims)
        shared_keys = batch.claim_keys[claims]
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
        known_people = different[different < len(self._before.people)]
        founders = different[known_people.size :] - len(self._before.people)
        texts = self._batch.record_texts.take(pa.array(founders))
        founded = [person_id(text) for text in texts.to_pylist()]
        ids = pa.concat_arrays(
            [
                self._before.people.take(pa.array(known_people)),
                pa.array(founded, pa.string()),
            ]
        )
        return ids.take(pa.array(places))

    def _record_columns(self, numbers: Numbers) -> tuple[pa.Array, pa.Array]:
        """Return source and record of records."""
        return split(self._batch.record_texts.take(pa.array(numbers)))

    def _key_columns(self, numbers: Numbers) -> tuple[pa.Array, pa.Array]:
        """Return name and value of keys."""
        strengths, values = split(self._batch.key_texts.take(pa.array(numbers)))
        return self._names.take(strengths.cast(pa.int64())), values


def _first_of_key(batch: Batch, claims: Numbers) -> Numbers:
    """Return of some claims the first of each key."""
    order = np.lexsort((batch.claim_moments[claims], batch.claim_keys[claims]))
    ordered = claims[order]
    _, firsts = np.unique(batch.claim_keys[ordered], return_index=True)
    return ordered[firsts]


def _stamps(moments: Numbers) -> pa.Array:
    return pa.array(moments, pa.int64()).cast(MOMENT)


def _columns(rows: Sequence[Sequence[int]], number: int) -> list[Numbers]:
    """Return rows of whole numbers as columns, of which there are none without rows."""
    table = np.array(rows, dtype=np.int64).reshape(-1, number)
    return list(table.T)
