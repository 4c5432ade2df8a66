"""Write what a crawler has seen into the Data Catalog: its database, tables and partitions."""

from datetime import UTC, datetime
from typing import Any

from localaws.glue.grouping import CrawledTable

_TEXT_INPUT = "org.apache.hadoop.mapred.TextInputFormat"
_TEXT_OUTPUT = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"
_PARQUET = {
    "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
    "OutputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
    "SerdeInfo": {
        "SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
    },
}
_JSON = {
    "InputFormat": _TEXT_INPUT,
    "OutputFormat": _TEXT_OUTPUT,
    "SerdeInfo": {"SerializationLibrary": "org.openx.data.jsonserde.JsonSerDe"},
}
_PARTITIONS_AT_ONCE = 100  # BatchCreatePartition's limit


def ensure_database(catalog: Any, name: str) -> None:
    """Create the database where it is absent, as a crawler does."""
    try:
        catalog.get_database(Name=name)
    except catalog.exceptions.EntityNotFoundException:
        catalog.create_database(DatabaseInput={"Name": name})


def table_input(
    bucket: str, name: str, table: CrawledTable, crawler: str
) -> dict[str, Any]:
    """Return the table as CreateTable and UpdateTable take it."""
    parameters = {
        "classification": table.classification,
        "objectCount": str(table.objects),
        "sizeKey": str(table.size),
        "UPDATED_BY_CRAWLER": crawler,
    }
    if table.classification == "csv":
        parameters |= {
            "skip.header.line.count": "1",
            "delimiter": table.delimiter,
        }
    return {
        "Name": name,
        "TableType": "EXTERNAL_TABLE",
        "LastAccessTime": datetime.now(UTC).timestamp(),
        "Parameters": parameters,
        "PartitionKeys": [
            {"Name": key, "Type": "string"} for key in table.partition_keys
        ],
        "StorageDescriptor": _storage(bucket, table.folder, table)
        | {"Parameters": parameters},
    }


def save_table(catalog: Any, database: str, table: dict[str, Any]) -> bool:
    """Create the table, or replace its definition; return whether it was new."""
    try:
        catalog.get_table(DatabaseName=database, Name=table["Name"])
    except catalog.exceptions.EntityNotFoundException:
        catalog.create_table(DatabaseName=database, TableInput=table)
        return True
    catalog.update_table(DatabaseName=database, TableInput=table)
    return False


def save_partitions(
    catalog: Any, database: str, bucket: str, name: str, table: CrawledTable
) -> None:
    """Register the partitions that the catalog does not have yet."""
    if not table.partitions:
        return
    pages = catalog.get_paginator("get_partitions").paginate(
        DatabaseName=database, TableName=name
    )
    known: set[tuple[str, ...]] = set()
    for page in pages:
        for partition in page["Partitions"]:
            known.add(tuple(partition["Values"]))
    inputs = [
        {
            "Values": list(values),
            "StorageDescriptor": _storage(bucket, path, table),
        }
        for values, path in table.partitions.items()
        if values not in known
    ]
    for start in range(0, len(inputs), _PARTITIONS_AT_ONCE):
        catalog.batch_create_partition(
            DatabaseName=database,
            TableName=name,
            PartitionInputList=inputs[start : start + _PARTITIONS_AT_ONCE],
        )


def _storage(bucket: str, folder: str, table: CrawledTable) -> dict[str, Any]:
    """Return where the files of a table or partition lie, and how they are read."""
    columns = [
        {"Name": column, "Type": column_type}
        for column, column_type in table.columns.items()
    ]
    return {
        **_layout(table),
        "Columns": columns,
        "Location": f"s3://{bucket}/{folder}",
    }


def _layout(table: CrawledTable) -> dict[str, Any]:
    if table.classification == "parquet":
        return _PARQUET
    if table.classification == "json":
        return _JSON
    return {
        "InputFormat": _TEXT_INPUT,
        "OutputFormat": _TEXT_OUTPUT,
        "SerdeInfo": {
            "SerializationLibrary": "org.apache.hadoop.hive.serde2.OpenCSVSerde",
            "Parameters": {"separatorChar": table.delimiter, "quoteChar": '"'},
        },
    }
