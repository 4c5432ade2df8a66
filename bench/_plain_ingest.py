"""The same work as plain Spark does it: read CSV, one row a key, write Parquet. `python -m bench._plain_ingest IN OUT`.

No row is judged and nothing is counted: what it takes is what the ingestion job is measured against.
"""

import sys

from pyspark.sql import SparkSession

from include.contract import load_contract

SQL_TYPES = {"integer": "int", "number": "double"}


def main() -> None:
    """The command line."""
    source, target = sys.argv[1:]
    contract = load_contract("x_education")
    schema = ", ".join(
        f"`{column.name}` {SQL_TYPES.get(column.type, 'string')}"
        for column in contract.columns
    )
    spark = SparkSession.builder.appName("plain").getOrCreate()
    leads = spark.read.csv(source, schema=schema, header=True, escape='"')
    fields = {column.name: column.field for column in contract.columns}
    leads = leads.withColumnsRenamed(fields).dropDuplicates([contract.key])
    leads.write.mode("overwrite").parquet(target)
    spark.stop()


if __name__ == "__main__":
    main()
