"""Run MERGE … REMOVE DUPLICATES, which has no WHEN branches.

Source: https://docs.aws.amazon.com/redshift/latest/dg/r_MERGE.html (simplified mode)
"""

from collections.abc import Sequence

from sqlglot import Token, exp

from localaws.redshift.catalog import Catalog, Relation
from localaws.redshift.errors import (
    RedshiftError,
    RedshiftSyntaxError,
    UnsupportedFeatureError,
)

_SUFFIX = ["REMOVE", "DUPLICATES"]
_BRANCHES = (
    " WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT (a) VALUES (1)"
)
"""Stand for REMOVE DUPLICATES, which sqlglot does not read; they are never run."""
_TWICE = "Found multiple matches to update the same tuple."


def removes_duplicates(tokens: Sequence[Token]) -> bool:
    """Tell whether a statement is MERGE … REMOVE DUPLICATES.

    Raises:
        RedshiftSyntaxError: it has WHEN branches too.
    """
    words = [token.text.upper() for token in tokens]
    if words[0] != "MERGE" or "REMOVE" not in words:
        return False
    if words[-2:] != _SUFFIX or "WHEN" in words:
        raise RedshiftSyntaxError(
            "REMOVE", "REMOVE DUPLICATES takes the place of the WHEN branches"
        )
    return True


def with_branches(sql: str, tokens: Sequence[Token]) -> str:
    """Return the text of a MERGE … REMOVE DUPLICATES as one with WHEN branches."""
    return sql[: tokens[-2].start] + _BRANCHES


def check_columns(tree: exp.Merge, catalog: Catalog) -> None:
    """Refuse a source whose columns are not those of the target by number.

    Raises:
        RedshiftError: another number of columns.
        UnsupportedFeatureError: the target has an IDENTITY column.
    """
    target, source = _sides(tree, catalog)
    if len(target.columns) != len(source.columns):
        raise RedshiftError(
            "MERGE … REMOVE DUPLICATES needs a source with the columns of the target: "
            f'"{target.name}" has {len(target.columns)} columns, "{source.name}" {len(source.columns)}'
        )
    declarations = [item.declaration for item in target.columns.values()]
    if any(item is not None and item.identity for item in declarations):
        raise UnsupportedFeatureError(
            "MERGE … REMOVE DUPLICATES into a table with an IDENTITY column"
        )


def _sides(tree: exp.Merge, catalog: Catalog) -> tuple[Relation, Relation]:
    target = catalog.relation(tree.this)
    source = catalog.relation(tree.args["using"])
    if target is None or source is None:
        absent = tree.this if target is None else tree.args["using"]
        raise RedshiftError(f'relation "{absent.name.lower()}" does not exist')
    return target, source


def merge_statements(tree: exp.Merge) -> list[exp.Expression]:
    """Return what the engine runs: refuse doubled matches, delete the rows with a match, insert all of the source."""
    target = tree.this
    source = tree.args["using"]
    condition = tree.args["on"]
    row = exp.column("rowid", table=target.name)
    doubled = (
        exp.select(row)
        .from_(target.copy())
        .join(source.copy(), on=condition.copy())
        .group_by(row.copy())
        .having("COUNT(*) > 1")
    )
    failure = exp.Anonymous(
        this="error", expressions=[exp.Literal.string(_TWICE)]
    )
    check = exp.select(failure).from_(doubled.subquery("doubled"))
    deletion = exp.Delete(
        this=target.copy(),
        using=[source.copy()],
        where=exp.Where(this=condition.copy()),
    )
    rows = exp.select("*").from_(source.copy())
    insertion = exp.Insert(this=target.copy(), expression=rows)
    return [check, deletion, insertion]
