"""Read records and their keys from a table of a source.

A claim is one record's statement that a key is its own. Each different spelling of a table is normalised once.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from include.identity.codes import one_array
from include.identity.normalising import KeyNormaliser
from include.identity.rules import IdentityRules

MOMENT = pa.timestamp("us", tz="UTC")
RECORDS_SCHEMA = pa.schema(
    [
        ("source", pa.string()),
        ("record", pa.string()),
        ("known_at", MOMENT),
    ]
)
CLAIMS_SCHEMA = pa.schema(
    [
        ("source", pa.string()),
        ("record", pa.string()),
        ("name", pa.string()),
        ("value", pa.string()),
        ("known_at", MOMENT),
    ]
)


@dataclass(frozen=True)
class Load:
    """What one load says of people.

    Attributes:
        records: columns of RECORDS_SCHEMA, one row for each row of a source.
        claims: columns of CLAIMS_SCHEMA, one row for each key of a row.
        problems: source to name of a key to problem to number of cells that are no key for it.
    """

    records: pa.Table
    claims: pa.Table
    problems: Mapping[str, Mapping[str, Counter[str]]] = field(
        default_factory=dict
    )


def read_load(
    rows: pa.Table,
    source: str,
    rules: IdentityRules,
    record: str,
    loaded_at: datetime,
    arrived_at: str | None = None,
    normaliser: KeyNormaliser | None = None,
) -> Load:
    """Return the records and claims of a table.

    Args:
        rows: of the source, columns as the declaration names them; columns that it lacks hold no keys.
        source: its name in the declaration.
        rules: of identity.
        record: column that identifies a row in its source; rows without one are left out.
        loaded_at: moment of the load, with a time zone.
        arrived_at: column of moments in UTC at which rows arrived; without it, and for empty or later ones,
            `loaded_at`.
        normaliser: of the rules' spellings, which remembers those that it has read; by default a new one.
    """
    normaliser = normaliser or KeyNormaliser(rules.spelling)
    rows = rows.filter(pc.is_valid(rows[record]))
    sources = pa.repeat(pa.scalar(source, pa.string()), rows.num_rows)
    record_keys = one_array(rows[record].cast(pa.string()))
    moments = moments_of(rows, loaded_at, arrived_at)
    records = pa.table([sources, record_keys, moments], schema=RECORDS_SCHEMA)
    parts = [CLAIMS_SCHEMA.empty_table()]
    problems: dict[str, Counter[str]] = {}
    for name, columns in rules.sources[source].columns.items():
        problems[name] = Counter()
        for column in columns:
            if column not in rows.column_names:
                continue
            normal = normaliser.column(rows[column], rules.kind(name))
            problems[name] += normal.problems
            parts.append(_claims(records, name, normal.values))
    claims = pa.concat_tables(parts)
    return Load(records=records, claims=claims, problems={source: problems})


def joined_loads(loads: Sequence[Load]) -> Load:
    """Return several sources' loads as one, to be matched together."""
    problems: dict[str, dict[str, Counter[str]]] = {}
    for load in loads:
        for source, of_keys in load.problems.items():
            of_source = problems.setdefault(source, {})
            for name, counts in of_keys.items():
                of_source.setdefault(name, Counter()).update(counts)
    return Load(
        records=pa.concat_tables([load.records for load in loads]),
        claims=pa.concat_tables([load.claims for load in loads]),
        problems=problems,
    )


def _claims(records: pa.Table, name: str, values: pa.Array) -> pa.Table:
    """Return the claims of one column of keys."""
    names = pa.repeat(pa.scalar(name, pa.string()), records.num_rows)
    columns = [
        records["source"],
        records["record"],
        names,
        values,
        records["known_at"],
    ]
    claims = pa.table(columns, schema=CLAIMS_SCHEMA)
    return claims.filter(pc.is_valid(values))


def moments_of(
    rows: pa.Table, loaded_at: datetime, arrived_at: str | None
) -> pa.ChunkedArray:
    """Return when each row arrived: never later than the load, whatever another system's clock says."""
    loaded = pa.scalar(loaded_at, MOMENT)
    if arrived_at is None:
        return pa.chunked_array([pa.repeat(loaded, rows.num_rows)])
    arrived = rows[arrived_at].cast(MOMENT)
    earlier = pc.fill_null(pc.less(arrived, loaded), False)
    return pc.if_else(earlier, arrived, loaded)
