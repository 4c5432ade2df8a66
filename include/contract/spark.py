"""Derives the Spark schema of a load as plain JSON types, so that nothing here needs Spark."""

from typing import Any

from include.contract.model import Contract

NUMBER_TYPES = {"integer": "integer", "number": "double"}


def spark_schema(contract: Contract) -> dict[str, Any]:
    """Schema of a load's Parquet files, in the form that `StructType.fromJson` reads.

    Integers are 32 bits and numbers doubles, as INTEGER and DOUBLE PRECISION in `include.contract.ddl`: COPY
    refuses Parquet whose physical type differs from the column's.
    """
    types = [(column.field, NUMBER_TYPES.get(column.type, "string")) for column in contract.columns]
    return {"type": "struct", "fields": [_field(name, kind) for name, kind in (*types, ("source_file", "string"))]}


def _field(name: str, kind: str) -> dict[str, Any]:
    return {"name": name, "type": kind, "nullable": True, "metadata": {}}
