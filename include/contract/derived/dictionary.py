"""Writes the data dictionary page of a contract: `python -m include.contract.derived.dictionary`."""

import logging
from pathlib import Path

from include.contract.derived.ddl import column_type
from include.contract.loader import load_contract
from include.contract.model import Column, Contract
from include.settings import settings

PAGE = Path("docs/data-dictionary.md")

HEAD = """# Data dictionary: {contract} (version {version})

Written by `python -m include.contract.derived.dictionary` from the contract; change that, not this page.

{description}
Key `{key}`, label `{label}`, clock `{clock}`. Missing are the cells {null_tokens}.
*capture*, *engagement* and *contact* are the moments of a lead's life from which a column may help to score it.

| # | column | field | type | Redshift | used by the model | meaning and since when it is known |
|---|---|---|---|---|---|---|
"""


def dictionary_page(contract: Contract) -> str:
    """Return the page in Markdown: a table of all columns, then the levels and groups of each one that has any."""
    null_tokens = [
        f"`{token}`" if token else "(empty)" for token in contract.null_tokens
    ]
    head = HEAD.format(
        contract=contract.contract,
        version=contract.version,
        description=contract.description,
        key=contract.key,
        label=contract.label,
        clock=contract.clock,
        null_tokens=", ".join(null_tokens),
    )
    rows = [
        _row(number, column, contract)
        for number, column in enumerate(contract.columns, start=1)
    ]
    levels = [_levels(column) for column in contract.columns]
    return head + "\n".join(rows) + "\n\n## Levels\n" + "".join(levels)


def _row(number: int, column: Column, contract: Contract) -> str:
    """Return the column's row of the table."""
    meaning = f"**{column.label}**: {column.description} *{column.known_at}*, {column.because}."
    cells = (
        str(number),
        column.name,
        f"`{column.field}`",
        _kind(column),
        column_type(column),
        _use(column, contract),
        meaning,
    )
    return "| " + " | ".join(cells) + " |"


def _use(column: Column, contract: Contract) -> str:
    """Return whether the model uses the column, and if not, why."""
    roles: dict[str | None, str] = {
        contract.key: "no, the key",
        contract.label: "no, the label",
        contract.clock: "no, the clock",
        contract.changed_at: "no, says when the row was changed",
    }
    if column.field in roles:
        return roles[column.field]
    return "no, near-constant" if column.near_constant else "yes"


def _kind(column: Column) -> str:
    """Return the column's type, bounds and unit."""
    words = [column.type.replace("_", "/")]
    if column.minimum is not None:
        words.append(f"≥ {column.minimum:g}")
    if column.maximum is not None:
        words.append(f"≤ {column.maximum:g}")
    if column.unit:
        words.append(f"({column.unit})")
    return " ".join(words)


def _levels(column: Column) -> str:
    """Return the section about the column's levels; empty where it has none."""
    if column.order:
        order = " < ".join(column.order)
        return f"\n### {column.name}\n\nLowest first: {order}\n"
    if not column.allowed:
        return ""
    groups = column.groups or {"(each its own)": column.allowed}
    rows = [
        f"| {group} | {', '.join(levels)} |" for group, levels in groups.items()
    ]
    return (
        f"\n### {column.name}\n\n| group | levels |\n|---|---|\n"
        + "\n".join(rows)
        + "\n"
    )


def main() -> None:
    """Write the page of the contract that the settings name, relative to the working directory."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(
        dictionary_page(load_contract(settings().contract)), encoding="utf-8"
    )
    logging.getLogger(__name__).info("wrote %s", PAGE)


if __name__ == "__main__":
    main()
