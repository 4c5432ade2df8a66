"""Compute features in DuckDB: of one lead in a request, or of many."""

from collections.abc import Mapping

import duckdb
import pandas as pd
import pyarrow as pa

from include.asof.compile import features_sql, rate_rows_sql
from include.asof.inputs import Frame, Inputs, typed_inputs
from include.asof.tables import Tables
from include.contract.format.features import Features, HistoricalRate

PANDAS_TYPES = {pa.int64(): pd.Int64Dtype(), pa.int32(): pd.Int64Dtype()}


def open_engine(threads: int = 1) -> duckdb.DuckDBPyConnection:
    """Return an engine in memory. Opening one takes longer than a lead: keep it between requests."""
    return duckdb.connect(":memory:", config={"threads": threads})


def compute_features(
    features: Features,
    inputs: Inputs,
    engine: duckdb.DuckDBPyConnection | None = None,
) -> pd.DataFrame:
    """Return `lead_key`, `stage` and each feature of every row of the leads, in their order.

    Counts and `happened_within` are Int64, sums, days and rates float64, values what they are. All that is missing is
    missing in the frame too.

    Args:
        features: as the contract declares them.
        inputs: tables in pandas or Arrow.
        engine: of `open_engine`, which threads may share and which keeps nothing of the tables; by default a new one.

    Raises:
        FeatureInputError: a table or a column is missing or holds another type, or a lead stands twice in a stage.
    """
    typed = typed_inputs(features, inputs)
    tables, relations = _tables(typed)
    query = features_sql(features, tables)
    if engine is None:
        with open_engine() as engine:
            result = _run(engine, query, relations)
    else:
        result = _run(engine, query, relations)
    ordered = _in_order(result, typed.leads)
    frame: pd.DataFrame = ordered.to_pandas(types_mapper=PANDAS_TYPES.get)
    return frame


def count_rate(feature: HistoricalRate, inputs: Inputs) -> pd.DataFrame:
    """Return what each outcome adds to the counts of a rate: rows of `include.asof.compile.rate_rows_sql`.

    Raises:
        FeatureInputError: a table or a column is missing or holds another type.
    """
    tables, relations = _tables(typed_inputs((feature,), inputs))
    query = rate_rows_sql(feature, tables)
    with open_engine() as engine:
        result = _run(engine, query, relations)
    frame: pd.DataFrame = result.to_pandas(types_mapper=PANDAS_TYPES.get)
    return frame


def _tables(typed: Inputs) -> tuple[Tables, dict[str, pa.Table]]:
    """Return what the tables are called in a query, and the tables by these names."""
    relations: dict[str, pa.Table] = {"leads": typed.leads}
    tables = Tables(
        leads="leads",
        events=_named("events", typed.events, relations),
        outcomes=_named("outcomes", typed.outcomes, relations),
        rates=_named("rates", typed.rates, relations),
    )
    return tables, relations


def _run(
    engine: duckdb.DuckDBPyConnection,
    query: str,
    relations: dict[str, pa.Table],
) -> pa.Table:
    """Return the result of a query over tables, which only this run can see."""
    with engine.cursor() as run:
        for name, relation in relations.items():
            run.register(name, relation)
        return run.sql(query).to_arrow_table()


def _named(
    kind: str,
    frames: Mapping[str, Frame],
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
