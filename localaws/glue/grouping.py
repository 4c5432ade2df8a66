"""Make tables of crawled objects: one for a folder whose objects are alike, else one for each of its folders.

Source: https://docs.aws.amazon.com/glue/latest/dg/crawler-s3-folder-table-partition.html. Folders below a table are its
partitions, named by `key=value` folders, else `partition_0` and on. Two folders are alike where they have the same
format and at least 70 % of their columns in common. Files that lie directly in one folder are always one table here.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from localaws.glue.samples import Schema, common_type

ALIKE = 0.7
"""Share of columns in common from which two folders are one table."""


@dataclass(frozen=True)
class CrawledObject:
    """One object that was read.

    Attributes:
        key: in its bucket.
        size: in bytes.
        schema: what was seen in it.
    """

    key: str
    size: int
    schema: Schema


@dataclass
class CrawledTable:
    """What a crawler sees under one folder.

    Attributes:
        folder: prefix of its keys, with a slash at its end.
        classification: parquet, json or csv.
        delimiter: of a csv.
        columns: name to type, in order of first appearance; where files disagree on a type the wider one stays.
        partition_keys: a name for each level of folders.
        partitions: a value for each level, of every folder that holds objects, to that folder's prefix.
        objects: how many.
        size: bytes in all of them.
    """

    folder: str
    classification: str = "UNKNOWN"
    delimiter: str = ","
    columns: dict[str, str] = field(default_factory=dict)
    partition_keys: list[str] = field(default_factory=list)
    partitions: dict[tuple[str, ...], str] = field(default_factory=dict)
    objects: int = 0
    size: int = 0

    def add(self, schema: Schema) -> None:
        """Merge the columns of one object."""
        self.classification = schema.classification
        self.delimiter = schema.delimiter or self.delimiter
        for name, column_type in schema.columns.items():
            former_type = self.columns.get(name, column_type)
            self.columns[name] = common_type(former_type, column_type)


def tables_of(folder: str, objects: list[CrawledObject]) -> list[CrawledTable]:
    """Return the tables of everything that lies under a folder; none without objects.

    Args:
        folder: prefix of all keys, empty or with a slash at its end.
        objects: what was read, in the order of their keys.
    """
    if not objects:
        return []
    below = _by_folder(folder, objects)
    if _all_alike(below):
        return [one_table(folder, objects)]
    tables: list[CrawledTable] = []
    for name, members in below.items():
        if name:
            tables += tables_of(f"{folder}{name}/", members)
        else:
            tables.append(one_table(folder, members))
    return tables


def table_name(bucket: str, folder: str, table_prefix: str | None) -> str:
    """Return a crawler's name for the table of a folder: its last part, lower case, with `_` for signs."""
    name = PurePosixPath(folder).name or bucket
    return (table_prefix or "") + re.sub(r"[^a-z0-9_]", "_", name.lower())


def _by_folder(
    folder: str, objects: list[CrawledObject]
) -> dict[str, list[CrawledObject]]:
    """Return the objects by the next folder on their way; those that lie here under an empty name."""
    found: dict[str, list[CrawledObject]] = {}
    for item in objects:
        name, slash, _ = item.key.removeprefix(folder).partition("/")
        found.setdefault(name if slash else "", []).append(item)
    return found


def _all_alike(below: Mapping[str, list[CrawledObject]]) -> bool:
    """Tell whether all folders can be one table: each is like the first."""
    kinds = [_merged(members) for members in below.values()]
    return all(_alike(kinds[0], kind) for kind in kinds[1:])


def _merged(objects: list[CrawledObject]) -> CrawledTable:
    merged = CrawledTable("")
    for item in objects:
        merged.add(item.schema)
    return merged


def _alike(first: CrawledTable, second: CrawledTable) -> bool:
    if first.classification != second.classification:
        return False
    if not first.columns or not second.columns:
        return True
    common = len(first.columns.keys() & second.columns.keys())
    return common >= ALIKE * max(len(first.columns), len(second.columns))


def one_table(folder: str, objects: list[CrawledObject]) -> CrawledTable:
    """Return the one table of all objects under a folder, with its partitions."""
    table = _merged(objects)
    table.folder = folder
    table.objects = len(objects)
    table.size = sum(item.size for item in objects)
    paths = {item.key[: item.key.rfind("/") + 1] for item in objects}
    levels = {path: _levels(folder, path) for path in sorted(paths)}
    depth = max(len(folders) for folders in levels.values())
    # A folder that lies less deep than the others has no value for every key, so it is no partition.
    complete = {
        path: folders
        for path, folders in levels.items()
        if len(folders) == depth
    }
    for level in range(depth):
        names = {_key_of(folders[level]) for folders in complete.values()}
        name = names.pop() if len(names) == 1 else ""
        table.partition_keys.append(name or f"partition_{level}")
    for path, folders in complete.items():
        if depth:
            values = tuple(_value_of(name) for name in folders)
            table.partitions[values] = path
    return table


def _levels(folder: str, path: str) -> list[str]:
    """Return the folders between a table's folder and a path, both with a slash at their end."""
    return [name for name in path.removeprefix(folder).split("/") if name]


def _key_of(folder: str) -> str:
    """Return the key of a folder `key=value`; empty for any other."""
    key, equals, _ = folder.partition("=")
    return key.lower() if equals else ""


def _value_of(folder: str) -> str:
    key, equals, value = folder.partition("=")
    return value if equals and key else folder
