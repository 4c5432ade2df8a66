"""Check INSERT, UPDATE, DELETE and MERGE."""

from sqlglot import exp

from localaws.redshift.catalog import Catalog, Relation
from localaws.redshift.errors import (
    RedshiftError,
    RedshiftSyntaxError,
)
from localaws.redshift.grammar.queries import output_names


def check_insert(tree: exp.Insert, catalog: Catalog) -> None:
    """Refuse an INSERT that Redshift refuses.

    Source: https://docs.aws.amazon.com/redshift/latest/dg/r_INSERT_30.html
    """
    if tree.args.get("with_"):
        raise RedshiftSyntaxError("INSERT")
    schema = tree.this
    table = schema.this if isinstance(schema, exp.Schema) else schema
    if isinstance(schema, exp.Schema) and not schema.expressions:
        raise RedshiftSyntaxError(")")
    if not isinstance(table, exp.Table):
        raise RedshiftSyntaxError(table.sql("redshift"))
    if table.alias:
        raise RedshiftSyntaxError(table.alias)
    relation = _target(table, catalog)
    names = (
        [part.name.lower() for part in schema.expressions]
        if isinstance(schema, exp.Schema)
        else []
    )
    _check_names(names, relation)
    if not names:
        names = _fill_names(tree, relation, catalog)
    _check_identity(tree, names or list(relation.columns), relation)


def _fill_names(
    tree: exp.Insert, relation: Relation, catalog: Catalog
) -> list[str]:
    """Name the columns that an INSERT without a list gives values to: the first ones; the others get their defaults."""
    rows = tree.expression
    number = len(relation.columns)
    if isinstance(rows, exp.Values) and rows.expressions:
        first = rows.expressions[0]
        number = len(first.expressions) if isinstance(first, exp.Tuple) else 1
    elif isinstance(rows, exp.Query):
        number = len(output_names(rows, catalog)) or number
    if number >= len(relation.columns):
        return []
    names = list(relation.columns)[:number]
    columns = [exp.to_identifier(name, quoted=True) for name in names]
    tree.set("this", exp.Schema(this=tree.this.copy(), expressions=columns))
    return names


def _target(table: exp.Table, catalog: Catalog) -> Relation:
    relation = catalog.relation(table)
    if relation is None:
        raise RedshiftError(f'relation "{table.name.lower()}" does not exist')
    if relation.is_view:
        raise RedshiftError(
            f'"{relation.name}" is a view: cannot change a view'
        )
    return relation


def _check_names(names: list[str], relation: Relation) -> None:
    for name in names:
        if name not in relation.columns:
            raise RedshiftError(
                f'column "{name}" of relation "{relation.name}" does not exist'
            )
    for name in names:
        if names.count(name) > 1:
            raise RedshiftError(f'column "{name}" specified more than once')


def _check_identity(
    tree: exp.Insert, names: list[str], relation: Relation
) -> None:
    """Refuse a value for an IDENTITY column; DEFAULT is none.

    Source: https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_TABLE_NEW.html (IDENTITY)
    """
    identity = [
        column.name
        for column in relation.columns.values()
        if column.declaration and column.declaration.identity == "always"
    ]
    if not identity or identity[0] not in names:
        return
    place = names.index(identity[0])
    values = tree.expression
    rows = values.expressions if isinstance(values, exp.Values) else []
    if isinstance(values, exp.Select) and len(values.expressions) <= place:
        return
    for row in rows:
        parts = row.expressions if isinstance(row, exp.Tuple) else [row]
        is_default = (
            len(parts) <= place or parts[place].name.upper() == "DEFAULT"
        )
        if not is_default:
            raise RedshiftError("cannot set an identity column to a value")
    if not rows and values is not None:
        raise RedshiftError("cannot set an identity column to a value")


def check_update(tree: exp.Update, catalog: Catalog) -> None:
    """Refuse an UPDATE that Redshift refuses.

    Source: https://docs.aws.amazon.com/redshift/latest/dg/r_UPDATE.html
    """
    relation = _target(tree.this, catalog)
    names: list[str] = []
    for assignment in tree.expressions:
        if not isinstance(assignment, exp.EQ) or not isinstance(
            assignment.this, exp.Column
        ):
            raise RedshiftSyntaxError("(")
        if assignment.this.table:
            raise RedshiftSyntaxError(
                ".", "a column of SET takes no table name"
            )
        names.append(assignment.this.name.lower())
    _check_names(names, relation)
    for name in names:
        column = relation.columns[name]
        if column.declaration and column.declaration.identity == "always":
            raise RedshiftError("cannot update an identity column")


def check_delete(tree: exp.Delete, catalog: Catalog) -> None:
    """Refuse a DELETE that Redshift refuses.

    Source: https://docs.aws.amazon.com/redshift/latest/dg/r_DELETE.html
    """
    tables = [tree.this] if tree.this else tree.args.get("tables") or []
    if len(tables) != 1 or not isinstance(tables[0], exp.Table):
        raise RedshiftSyntaxError(",")
    if tables[0].args.get("alias"):
        raise RedshiftSyntaxError(tables[0].alias)
    _target(tables[0], catalog)


def check_merge(tree: exp.Merge, catalog: Catalog) -> None:
    """Refuse a MERGE that Redshift refuses.

    Source: https://docs.aws.amazon.com/redshift/latest/dg/r_MERGE.html
    """
    if tree.this.alias:
        raise RedshiftSyntaxError(
            tree.this.alias, "the target of MERGE takes no alias"
        )
    _target(tree.this, catalog)
    source = tree.args["using"]
    if not isinstance(source, exp.Table):
        raise RedshiftSyntaxError("(", "MERGE takes a table as its source")
    relation = catalog.relation(source)
    if relation is not None and relation.is_view:
        raise RedshiftError("source table of MERGE must not be a view")
    if tree.args["on"].find(exp.Query):
        raise RedshiftError(
            "subqueries are not supported in the ON clause of MERGE"
        )
    branches = tree.args["whens"].expressions
    if any(branch.args.get("condition") for branch in branches):
        raise RedshiftSyntaxError(
            "AND", "MERGE takes no condition on a WHEN branch"
        )
    sides = [bool(branch.args.get("matched")) for branch in branches]
    if sorted(sides) != [False, True]:
        raise RedshiftError(
            "syntax error: MERGE needs one WHEN MATCHED and one WHEN NOT MATCHED branch"
        )
    for branch in branches:
        _check_branch(branch)


def _check_branch(branch: exp.When) -> None:
    action = branch.args["then"]
    is_matched = bool(branch.args.get("matched"))
    is_delete = isinstance(action, exp.Var) and action.name.upper() == "DELETE"
    if is_matched and not (is_delete or isinstance(action, exp.Update)):
        raise RedshiftSyntaxError(action.sql("redshift").split()[0])
    if not is_matched and not isinstance(action, exp.Insert):
        raise RedshiftSyntaxError(action.sql("redshift").split()[0])
    if branch.args.get("source"):
        raise RedshiftSyntaxError("BY")
    if isinstance(action, exp.Update):
        for assignment in action.expressions:
            if isinstance(assignment, exp.EQ) and assignment.this.args.get(
                "table"
            ):
                raise RedshiftSyntaxError(
                    ".", "a column of SET takes no table name"
                )
