"""Compute features in DuckDB: of one lead in a request, or of many."""

import duckdb
import pandas as pd
import pyarrow as pa

from include.asof.compile import features_sql
from include.asof.inputs import Inputs, typed_inputs
from include.asof.tables import Tables
from include.contract.features import Features

PANDAS_TYPES = {pa.int64(): pd.Int64Dtype(), pa.int32(): pd.Int64Dtype()}


def compute_features(
    features: Features, inputs: Inputs, threads: int = 1
) -> pd.DataFrame:
    """Return `lead_key`, `stage` and each feature of every row of the leads, in their order.

    Counts and `happened_within` are Int64, sums, days and rates float64, values what they are. All that is missing is
    missing in the frame too.

    Args:
        features: as the contract declares them.
        inputs: tables in pandas or Arrow.
        threads: of DuckDB.

    Raises:
        FeatureInputError: a table or a column is missing or holds another type, or a lead stands twice in a stage.
    """
    typed = typed_inputs(features, inputs)
    relations: dict[str, pa.Table] = {"leads": typed.leads}
    tables = Tables(
        leads="leads",
        events=_named("events", typed.events, relations),
        outcomes=_named("outcomes", typed.outcomes, relations),
        rates=_named("rates", typed.rates, relations),
    )
    query = features_sql(features, tables)
    with duckdb.connect(":memory:", config={"threads": threads}) as engine:
        for name, relation in relations.items():
            engine.register(name, relation)
        result = engine.sql(query).to_arrow_table()
    return _in_order(result, typed.leads).to_pandas(
        types_mapper=PANDAS_TYPES.get
    )


def _named(
    kind: str,
    frames: dict[str, pa.Table],
    relations: dict[str, pa.Table],
) -> dict[str, str]:
    """Return what each table is called in the query, and add it to the relations under that name."""
    names: dict[str, str] = {}
    for name, frame in frames.items():
        names[name] = f"{kind}_{name}"
        relations[names[name]] = frame
    return names


def _in_order(result: pa.Table, leads: pa.Table) -> pa.Table:
    """Return the rows of the result in the order of the leads."""
    keys = ["lead_key", "stage"]
    places = pa.array(range(len(leads)), pa.int64())
    order = leads.select(keys).append_column("fx_order", places)
    joined = result.join(order, keys)
    return joined.sort_by("fx_order").drop_columns(["fx_order"])
