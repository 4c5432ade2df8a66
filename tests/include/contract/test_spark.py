from pyspark.sql.types import StructType

from include.contract.ddl import staging_columns
from include.contract.spark import spark_schema

REDSHIFT_READS = {"INTEGER": "int", "DOUBLE PRECISION": "double"}


def test_spark_reads_the_schema_and_its_types_are_what_copy_expects(x_education):
    schema = StructType.fromJson(spark_schema(x_education))
    assert [(field.name, field.dataType.simpleString()) for field in schema] == [
        (name, REDSHIFT_READS.get(kind, "string")) for name, kind in staging_columns(x_education)
    ]
