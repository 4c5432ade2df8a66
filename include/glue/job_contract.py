"""Reads the part of a contract that the ingestion job needs from the contract's JSON."""

import codecs
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from include.contract.cells import TEXT_BYTES, CellRule, cell_rule
from include.contract.text import Headings
from include.glue.errors import JobFailedError
from include.glue.records.csv_dialect import Dialect
from include.glue.records.encodings import is_utf_8
from include.glue.source_names import data_endings

CSV = "csv"
JOINED_KEY = "joined_key"
ROW_KEY = "row_key"
ROW_NUMBER = "row_number"


@dataclass(frozen=True)
class JobColumn:
    """What the job needs to know of a column.

    Attributes:
        name: header in the source file.
        field: name in Parquet.
        rule: what its cells may hold.
        levels: texts that the contract lists; others are loaded and counted.
        aliases: other headers that mean it.
        optional: whether a file may lack it.
        derived: how the job makes it, where no file has it; else empty.
    """

    name: str
    field: str
    rule: CellRule
    levels: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    optional: bool = False
    derived: str = ""

    @property
    def required(self) -> bool:
        """Return whether every file must have it."""
        return not self.optional and not self.derived


@dataclass(frozen=True)
class SourceFiles:
    """How the files of leads are written.

    Attributes:
        format: `csv`, `parquet` or `json_lines`.
        delimiter: between two cells of a CSV file.
        quote: around a cell that holds the delimiter.
        encoding: in which text is written, as Python calls it.
        decimal: the decimal mark of numbers.
    """

    format: str = CSV
    delimiter: str = ","
    quote: str = '"'
    encoding: str = "utf-8"
    decimal: str = "."

    @property
    def dialect(self) -> Dialect:
        """Return the signs of the CSV text that is read: of another format, those that it is turned into."""
        if self.format != CSV:
            return Dialect()
        return Dialect(self.delimiter, self.quote)

    @property
    def endings(self) -> tuple[str, ...]:
        """Return the endings of the names of files that are read."""
        return data_endings(self.format, self.delimiter)

    @property
    def divisible(self) -> bool:
        """Return whether a file may be read from the middle: its bytes are the CSV text that is read."""
        return self.format == CSV and is_utf_8(self.encoding)

    @property
    def lines_are_rows(self) -> bool:
        """Return whether a row is named by its number, whatever lines its text takes, with no header above it."""
        return self.format != CSV


@dataclass(frozen=True)
class JobContract:
    """What the job needs to know of a contract.

    Attributes:
        columns: in the order of the table.
        key: field that identifies a lead.
        changed_at: field that says when a row was changed, if any does.
        files: how the files are written.
        key_columns: fields whose texts make the key, where it is joined.
        label: field of the outcome; empty where the contract's JSON does not name it.
        clock: field that grows with a lead's arrival; empty as well.
        outcomes: fields of all outcomes, where there are several.
    """

    columns: tuple[JobColumn, ...]
    key: str
    changed_at: str | None = None
    files: SourceFiles = SourceFiles()
    key_columns: tuple[str, ...] = ()
    label: str = ""
    clock: str = ""
    outcomes: tuple[str, ...] = ()

    @property
    def fields(self) -> list[str]:
        """Return the field names in the order of the table."""
        return [column.field for column in self.columns]

    @property
    def dialect(self) -> Dialect:
        """Return the signs of the text that is read."""
        return self.files.dialect

    @cached_property
    def required_fields(self) -> frozenset[str]:
        """Return the columns that every file must have."""
        return frozenset(
            column.field for column in self.columns if column.required
        )

    @cached_property
    def headings(self) -> Headings:
        """Return what finds the column that a heading means."""
        return Headings(self._spellings())

    def _spellings(self) -> Iterator[tuple[str, str]]:
        """Yield every heading with its field; no heading means a column that the job makes."""
        for column in self.columns:
            if column.derived:
                continue
            yield column.name, column.field
            for alias in column.aliases:
                yield alias, column.field

    @cached_property
    def key_position(self) -> int:
        """Return which column is the key, counted from 0."""
        return self.fields.index(self.key)

    @property
    def key_column(self) -> JobColumn:
        """Return the column of the key."""
        return self.columns[self.key_position]

    @cached_property
    def key_parts(self) -> tuple[int, ...]:
        """Return which columns hold what a person calls the key: none where the key is made of the whole row."""
        if self.key_column.derived == ROW_KEY:
            return ()
        if self.key_column.derived == JOINED_KEY:
            fields = self.fields
            return tuple(fields.index(field) for field in self.key_columns)
        return (self.key_position,)

    @cached_property
    def value_positions(self) -> tuple[int, ...]:
        """Return which columns hold more than the key: neither its parts nor what the job makes."""
        return tuple(
            position
            for position, column in enumerate(self.columns)
            if position not in self.key_parts and not column.derived
        )

    @cached_property
    def digested_positions(self) -> tuple[int, ...]:
        """Return which columns tell one row from another: neither outcomes, which come later, nor derived ones."""
        later = {self.label, *self.outcomes}
        return tuple(
            position
            for position, column in enumerate(self.columns)
            if column.field not in later and not column.derived
        )

    @cached_property
    def row_number_position(self) -> int | None:
        """Return which column counts the rows, None if none does."""
        for position, column in enumerate(self.columns):
            if column.derived == ROW_NUMBER:
                return position
        return None


def parse_contract(text: str) -> JobContract:
    """Return the contract from its JSON. Raises JobFailedError where that is not one."""
    try:
        content = json.loads(text)
        written = content.get("files") or {}
        files = _source_files(written)
        null_tokens = frozenset(content["null_tokens"])
        if files.format != CSV:
            # what is missing there has no text at all
            null_tokens = null_tokens | {""}
        changed_at = content.get("changed_at")
        columns = tuple(
            _column(column, null_tokens, changed_at, written)
            for column in content["columns"]
        )
        contract = JobContract(
            columns,
            content["key"],
            changed_at,
            files,
            tuple(content.get("key_columns") or ()),
            content.get("label") or "",
            content.get("clock") or "",
            tuple(
                outcome["field"] for outcome in content.get("outcomes") or ()
            ),
        )
        # a key that is no column is found here, not in the middle of a load
        _ = contract.key_column
        _ = contract.key_parts
        return contract
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise JobFailedError(
            f"the contract is not readable ({error!r}); upload it again as JSON"
        ) from error


def has_sources(text: str) -> bool:
    """Return whether a contract's leads come from several sources; False for a text that is no contract."""
    try:
        content = json.loads(text)
    except ValueError:
        return False
    return isinstance(content, dict) and bool(content.get("unify"))


def _source_files(written: Mapping[str, Any]) -> SourceFiles:
    """Return how files are written, by the contract's `files`; what is left out is as the project writes."""
    encoding = written.get("encoding") or "utf-8"
    try:
        name = codecs.lookup(encoding).name
    except LookupError as error:
        raise ValueError(f"unknown encoding {encoding}") from error
    return SourceFiles(
        format=written.get("format") or CSV,
        delimiter=written.get("delimiter") or ",",
        quote=written.get("quote") or '"',
        encoding=name,
        decimal=written.get("decimal") or ".",
    )


def _column(
    content: dict[str, Any],
    null_tokens: frozenset[str],
    changed_at: str | None,
    files: Mapping[str, Any],
) -> JobColumn:
    rule = cell_rule(content, null_tokens, files)
    if files.get("format", CSV) != CSV:
        rule = replace(rule, null_tokens=rule.null_tokens | {""})
    is_text = rule.type in TEXT_BYTES
    rule = replace(rule, moment=is_text and content["field"] == changed_at)
    return JobColumn(
        name=content["name"],
        field=content["field"],
        rule=rule,
        levels=tuple(content.get("allowed") or ()),
        aliases=tuple(content.get("aliases") or ()),
        optional=bool(content.get("optional")),
        derived=content.get("derived") or "",
    )
