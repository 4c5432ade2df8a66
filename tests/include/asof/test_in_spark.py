"""The same text in Spark 3.5: the same values of 1,000 leads."""

import pandas as pd
import pyarrow.parquet as pq
import pytest

from include.asof.errors import FeatureInputError
from include.asof.in_duckdb import compute_features
from include.asof.in_spark import SparkInputs, compute_in_spark
from include.asof.inputs import typed_inputs
from tests.include.asof.conftest import declare
from tests.include.asof.samples import DAY, EVERY_KIND, random_inputs, seeded
from tests.include.glue.conftest import (  # noqa: F401 - fixtures
    spark,
    spark_environment,
)

FEATURES = declare(EVERY_KIND)
RATES = ["industry_rate", "raw_rate"]
KEYS = ["lead_key", "stage"]


def in_order(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.sort_values(KEYS, ignore_index=True)


@pytest.mark.slow
def test_spark_gives_the_values_that_duckdb_gives(spark, tmp_path):  # noqa: F811
    inputs = random_inputs(seeded(3), leads=1000, events=20_000, step=DAY // 24)
    typed = typed_inputs(FEATURES, inputs)
    frames = {"leads": typed.leads, **typed.events, **typed.outcomes}
    for name, frame in frames.items():
        pq.write_table(frame, tmp_path / f"{name}.parquet")
    read = {
        name: spark.read.parquet(str(tmp_path / f"{name}.parquet"))
        for name in frames
    }
    spark_inputs = SparkInputs(
        read["leads"],
        {name: read[name] for name in typed.events},
        {name: read[name] for name in typed.outcomes},
    )
    computed = compute_in_spark(spark, FEATURES, spark_inputs).toPandas()
    in_spark = in_order(computed)
    in_duckdb = in_order(compute_features(FEATURES, inputs))
    assert len(in_spark) == len(inputs.leads)
    exact = [name for name in in_duckdb.columns if name not in RATES]
    pd.testing.assert_frame_equal(
        in_spark[exact], in_duckdb[exact], check_dtype=False, check_exact=True
    )
    pd.testing.assert_frame_equal(
        in_spark[RATES], in_duckdb[RATES], rtol=0, atol=1e-9
    )


@pytest.mark.slow
def test_spark_reads_timestamps_and_names_a_column_that_is_missing(spark):  # noqa: F811
    leads = spark.sql(
        "SELECT 'a' AS lead_key, 'contact' AS stage, TIMESTAMP '2024-03-10 12:00:00' AS moment"
    )
    mail = spark.sql(
        "SELECT 'a' AS lead_key, TIMESTAMP '2024-03-09 12:00:00' AS occurred_at, "
        "TIMESTAMP '2024-03-09 12:00:00' AS arrived_at"
    )
    features = declare(
        "[{name: days, kind: days_since_last, events: {source: mail}}]"
    )
    (row,) = compute_in_spark(
        spark, features, SparkInputs(leads, {"mail": mail})
    ).collect()
    assert row.asDict() == {"lead_key": "a", "stage": "contact", "days": 1.0}
    with pytest.raises(FeatureInputError, match="no column arrived_at"):
        compute_in_spark(
            spark,
            features,
            SparkInputs(leads, {"mail": mail.drop("arrived_at")}),
        )
