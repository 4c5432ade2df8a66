"""Compute features in Spark 3.5: the same query over data frames."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import uuid4

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as sql
from pyspark.sql.types import TimestampNTZType, TimestampType

from include.asof.compile import features_sql, rate_rows_sql
from include.asof.errors import FeatureInputError
from include.asof.tables import (
    EVENTS,
    OUTCOMES,
    RATE_ROWS,
    TIMES,
    Tables,
    lead_columns,
)
from include.contract.format.features import (
    Features,
    HistoricalRate,
    needed_columns,
)

SPARK_TYPES = {"text": "string", "number": "double"}


@dataclass(frozen=True)
class SparkInputs:
    """Data frames with the columns of `include.asof.inputs.Inputs`; times are timestamps or microseconds since 1970."""

    leads: DataFrame
    events: Mapping[str, DataFrame] = field(default_factory=dict)
    outcomes: Mapping[str, DataFrame] = field(default_factory=dict)
    rates: Mapping[str, DataFrame] = field(default_factory=dict)


def compute_in_spark(
    spark: SparkSession, features: Features, inputs: SparkInputs
) -> DataFrame:
    """Return `lead_key`, `stage` and each feature of every row of the leads, in no order.

    Lead and stage have to be unique in the leads; that is not checked here.

    Raises:
        FeatureInputError: a column is missing, or times without a zone meet a session whose zone is not UTC.
    """
    tables = _tables(features, inputs)
    computed = spark.sql(features_sql(features, tables))
    _drop(spark, tables)
    return computed


def count_rate_in_spark(
    spark: SparkSession, feature: HistoricalRate, inputs: SparkInputs
) -> DataFrame:
    """Return what each outcome adds to the counts of a rate: rows of `include.asof.compile.rate_rows_sql`.

    Raises:
        FeatureInputError: a column is missing, or times without a zone meet a session whose zone is not UTC.
    """
    tables = _tables((feature,), inputs)
    counts = spark.sql(rate_rows_sql(feature, tables))
    _drop(spark, tables)
    return counts


def _tables(features: Features, inputs: SparkInputs) -> Tables:
    """Make a view of each data frame, and return what they are called."""
    events: dict[str, str] = {}
    for source, columns in needed_columns(features).items():
        types = {name: SPARK_TYPES.get(kind) for name, kind in columns.items()}
        typed = _typed(inputs.events[source], EVENTS, types)
        events[source] = _view(typed)
    outcomes = {
        name: _view(_typed(frame, OUTCOMES, {}))
        for name, frame in inputs.outcomes.items()
    }
    rates = {
        name: _view(_typed(frame, RATE_ROWS, {}))
        for name, frame in inputs.rates.items()
    }
    leads = _view(_typed(inputs.leads, lead_columns(features), {}))
    return Tables(leads, events, outcomes, rates)


def _drop(spark: SparkSession, tables: Tables) -> None:
    """Drop the views; what was made of them stays."""
    views = [tables.leads]
    for relations in (tables.events, tables.outcomes, tables.rates):
        views += relations.values()
    for view in views:
        spark.catalog.dropTempView(view)


def _view(frame: DataFrame) -> str:
    """Return the name of a view of a frame, which no other has."""
    name = f"features_{uuid4().hex}"
    frame.createOrReplaceTempView(name)
    return name


def _typed(
    frame: DataFrame, own: tuple[str, ...], types: Mapping[str, str | None]
) -> DataFrame:
    """Return the named columns of a frame, times as microseconds since 1970."""
    missing = sorted({*own, *types} - set(frame.columns))
    if missing:
        raise FeatureInputError(
            f"there is no column {', '.join(missing)}; columns are {', '.join(frame.columns)}"
        )
    columns = []
    for name in own:
        column = _microseconds(frame, name) if name in TIMES else sql.col(name)
        columns.append(column.alias(name))
    for name, kind in types.items():
        column = sql.col(name)
        columns.append(column.cast(kind).alias(name) if kind else column)
    return frame.select(columns)


def _microseconds(frame: DataFrame, name: str):  # type: ignore[no-untyped-def] # pyspark's Column has no type here
    """Return a column of times as microseconds since 1970; whole numbers are taken to be that already."""
    kind = frame.schema[name].dataType
    column = sql.col(name)
    if isinstance(kind, TimestampNTZType):
        zone = frame.sparkSession.conf.get("spark.sql.session.timeZone")
        if zone != "UTC":
            raise FeatureInputError(
                f"{name} has no time zone and the session's is {zone}; set spark.sql.session.timeZone to UTC"
            )
        column = column.cast("timestamp")
        kind = TimestampType()
    if isinstance(kind, TimestampType):
        return sql.unix_micros(column)
    return column.cast("bigint")
