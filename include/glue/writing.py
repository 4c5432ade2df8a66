"""Writes the rows of a load: those that are loaded, and those in quarantine."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as sf

from include.glue.job_contract import JobContract

ROWS_PER_OUTPUT_FILE = 1_000_000


def write_loaded(
    outcomes: DataFrame, contract: JobContract, rows: int, uri: str
) -> DataFrame:
    """Write the loaded rows as Parquet, as few files as their number allows, and return them."""
    loaded = outcomes.where("_outcome = 'loaded'").select(
        *contract.fields,
        sf.col("_file").alias("source_file"),
        sf.timestamp_millis("_changed").alias("source_changed_at"),
    )
    files = 1 + rows // ROWS_PER_OUTPUT_FILE
    loaded.coalesce(files).write.mode("overwrite").parquet(uri)
    return loaded


def write_quarantine(outcomes: DataFrame, load_id: str, uri: str) -> None:
    """Write the quarantined rows as JSON lines: where each one stood, why it is here, and the row itself."""
    quarantined = outcomes.where("_outcome = 'quarantined'").select(
        sf.lit(load_id).alias("load_id"),
        sf.col("_file").alias("source_file"),
        sf.col("_line").alias("source_line"),
        sf.col("_rule").alias("rule"),
        sf.col("_reason").alias("reason"),
        sf.col("_raw").alias("raw"),
    )
    quarantined.coalesce(1).write.mode("overwrite").json(uri)
