"""Reads the part of a contract that the ingestion job needs from the contract's JSON."""

import json
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from include.contract.cells import CellRule, cell_rule
from include.contract.text import Headings
from include.glue.errors import JobFailedError


@dataclass(frozen=True)
class JobColumn:
    """What the job needs to know of a column.

    Attributes:
        name: header in the source file.
        field: name in Parquet.
        rule: what its cells may hold.
        levels: texts that the contract lists; others are loaded and counted.
    """

    name: str
    field: str
    rule: CellRule
    levels: tuple[str, ...] = ()


@dataclass(frozen=True)
class JobContract:
    """What the job needs to know of a contract."""

    columns: tuple[JobColumn, ...]
    key: str
    changed_at: str | None = None

    @property
    def fields(self) -> list[str]:
        """Return the field names in the order of the table."""
        return [column.field for column in self.columns]

    @cached_property
    def headings(self) -> Headings:
        """Return what finds the column that a heading means."""
        return Headings((column.name, column.field) for column in self.columns)

    @cached_property
    def key_position(self) -> int:
        """Return which column is the key, counted from 0."""
        return self.fields.index(self.key)

    @property
    def key_column(self) -> JobColumn:
        """Return the column of the key."""
        return self.columns[self.key_position]


def parse_contract(text: str) -> JobContract:
    """Return the contract from its JSON. Raises JobFailedError where that is not one."""
    try:
        content = json.loads(text)
        null_tokens = frozenset(content["null_tokens"])
        changed_at = content.get("changed_at")
        columns = tuple(
            _column(column, null_tokens, changed_at)
            for column in content["columns"]
        )
        contract = JobContract(columns, content["key"], changed_at)
        # a key that is no column is found here, not in the middle of a load
        _ = contract.key_column
        return contract
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise JobFailedError(
            f"the contract is not readable ({error!r}); upload it again as JSON"
        ) from error


def _column(
    content: dict[str, Any], null_tokens: frozenset[str], changed_at: str | None
) -> JobColumn:
    rule = cell_rule(content, null_tokens)
    rule = replace(rule, moment=content["field"] == changed_at)
    return JobColumn(
        name=content["name"],
        field=content["field"],
        rule=rule,
        levels=tuple(content.get("allowed") or ()),
    )
