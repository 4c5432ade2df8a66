"""Find the table's column behind each column of a query's result, with the type that Redshift declares."""

from dataclasses import dataclass

from sqlglot import exp

from localaws.redshift.catalog import Catalog, Column, Relation
from localaws.redshift.grammar.queries import common_table, sources


@dataclass(frozen=True)
class Origin:
    """What is known of a result's column besides its value's type."""

    type: str = ""
    """Redshift's declaration, such as `varchar(10)`; empty where it is not known."""
    required: bool = False
    default: str = ""
    schema: str = ""
    table: str = ""


@dataclass(frozen=True)
class _Table:
    """A table, subquery or common table expression that a query reads, with its columns in order."""

    name: str
    columns: list[tuple[str, Origin]]


def origins_of(tree: exp.Expression, catalog: Catalog) -> tuple[Origin, ...]:
    """Return the origin of each column of a query's result; empty for any other statement."""
    if not isinstance(tree, exp.Query):
        return ()
    return tuple(origin for _, origin in _named(tree, catalog))


def origin_of(column: Column, relation: Relation) -> Origin:
    """Return the origin that is a column of a table or view itself."""
    declared = column.declaration.type if column.declaration else ""
    return Origin(
        declared,
        column.required,
        column.default,
        relation.schema,
        relation.name,
    )


def _named(query: exp.Expression, catalog: Catalog) -> list[tuple[str, Origin]]:
    """Return name and origin of each column of a query."""
    if isinstance(query, exp.SetOperation):
        return _united(query, catalog)
    if isinstance(query, exp.Subquery):
        return _renamed(query, _named(query.this, catalog))
    if not isinstance(query, exp.Select):
        return []
    columns: list[tuple[str, Origin]] = []
    tables = _tables(query, catalog)
    for item in query.expressions:
        inner = item.unalias()
        if item.is_star:
            alias = item.table if isinstance(item, exp.Column) else ""
            columns += _of_star(tables, alias)
        else:
            origin = _of_expression(inner, tables)
            columns.append((item.alias_or_name.lower(), origin))
    return columns


def _united(
    query: exp.SetOperation, catalog: Catalog
) -> list[tuple[str, Origin]]:
    """Return the columns of a UNION: a type is known where both sides have the same."""
    columns = []
    pairs = zip(
        _named(query.this, catalog),
        _named(query.expression, catalog),
        strict=False,
    )
    for (name, origin), (_, second_origin) in pairs:
        is_same = origin.type == second_origin.type
        columns.append((name, Origin(origin.type if is_same else "")))
    return columns


def _tables(query: exp.Select, catalog: Catalog) -> list[_Table]:
    """Return what a query reads from, once: asked for each column, nested queries would take exponential time."""
    return [
        _Table(source.alias_or_name.lower(), _of_source(source, catalog))
        for source in sources(query)
    ]


def _of_star(tables: list[_Table], alias: str) -> list[tuple[str, Origin]]:
    columns: list[tuple[str, Origin]] = []
    for table in tables:
        if not alias or table.name == alias.lower():
            columns += table.columns
    return columns


def _of_expression(node: exp.Expression, tables: list[_Table]) -> Origin:
    while isinstance(node, exp.Paren):
        node = node.this
    if isinstance(node, exp.Cast):
        return Origin(node.to.sql("redshift").lower())
    if isinstance(node, exp.Literal) and node.is_string:
        return Origin(f"varchar({len(node.name.encode())})")
    if isinstance(node, exp.Max | exp.Min | exp.Upper | exp.Lower | exp.Trim):
        inner = _of_expression(node.this, tables)
        return Origin(inner.type)
    if not isinstance(node, exp.Column):
        return Origin()
    for table in tables:
        if node.table and table.name != node.table.lower():
            continue
        for name, origin in table.columns:
            if name == node.name.lower():
                return origin
    return Origin()


def _of_source(
    source: exp.Expression, catalog: Catalog
) -> list[tuple[str, Origin]]:
    """Return the columns of a table, subquery or common table expression."""
    if not isinstance(source, exp.Table):
        return _named(source, catalog)
    common = common_table(source)
    if common is not None:
        return _renamed(source, _named(common, catalog))
    relation = catalog.relation(source)
    if relation is None:
        return []
    columns = [
        (name, origin_of(column, relation))
        for name, column in relation.columns.items()
    ]
    return _renamed(source, columns)


def _renamed(
    source: exp.Expression, columns: list[tuple[str, Origin]]
) -> list[tuple[str, Origin]]:
    """Give columns the names that an alias lists."""
    alias = source.args.get("alias")
    names = alias.columns if isinstance(alias, exp.TableAlias) else []
    if len(names) != len(columns):
        return columns
    return [
        (name.name.lower(), origin)
        for name, (_, origin) in zip(names, columns, strict=True)
    ]
