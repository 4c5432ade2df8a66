"""Check CREATE, ALTER, DROP and TRUNCATE."""

import re

from sqlglot import exp

from localaws.redshift.catalog import Catalog, Relation
from localaws.redshift.errors import (
    RedshiftError,
    RedshiftSyntaxError,
    UnsupportedFeatureError,
)
from localaws.redshift.grammar.attributes import Attributes
from localaws.redshift.grammar.types import check_type

_COLLATIONS = frozenset({"case_sensitive", "case_insensitive", "cs", "ci"})
_IDENTITY_TYPES = frozenset({"INT", "BIGINT"})


def check_create(
    tree: exp.Create, attributes: Attributes | None, catalog: Catalog
) -> None:
    """Refuse a CREATE TABLE, VIEW or SCHEMA that Redshift refuses.

    Source: https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_TABLE_NEW.html, r_CREATE_TABLE_AS.html,
    r_CREATE_VIEW.html, r_CREATE_SCHEMA.html
    """
    if tree.kind not in ("TABLE", "VIEW", "SCHEMA"):
        raise RedshiftSyntaxError(str(tree.kind))
    if tree.kind == "SCHEMA":
        name = tree.this.db.lower() or tree.this.name.lower()
        if name.startswith("pg_"):
            raise RedshiftError(
                f'unacceptable schema name "{name}"\nDetail: The prefix "pg_" is reserved for system schemas.'
            )
        return
    table = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
    database = catalog.database()
    if table.catalog and table.catalog.lower() != database.lower():
        raise RedshiftError(
            f'cross-database reference to database "{table.catalog}" is not supported'
        )
    _check_schema(table, catalog)
    if tree.kind == "VIEW":
        _check_view(tree)
        return
    if tree.args.get("exists") and tree.expression is not None:
        raise RedshiftSyntaxError(
            "AS", "CREATE TABLE AS takes no IF NOT EXISTS"
        )
    if attributes is not None and isinstance(tree.this, exp.Schema):
        _check_columns(tree.this, attributes, tree.expression is not None)
    if (
        attributes is not None
        and not attributes.has_columns
        and tree.expression is None
    ):
        raise RedshiftError("syntax error at end of input")


def _check_schema(table: exp.Table, catalog: Catalog) -> None:
    if table.db and not catalog.has_schema(table.db.lower()):
        raise RedshiftError(f'schema "{table.db.lower()}" does not exist')


def _check_view(tree: exp.Create) -> None:
    properties = tree.args.get("properties")
    if tree.args.get("exists"):
        raise RedshiftSyntaxError("NOT")
    if properties and properties.expressions:
        raise RedshiftSyntaxError(properties.expressions[0].sql("redshift"))
    if tree.expression is None:
        raise RedshiftError("syntax error at end of input")
    if not isinstance(tree.expression, exp.Query):
        raise RedshiftSyntaxError(tree.expression.sql("redshift").split()[0])
    if tree.args.get("no_schema_binding"):
        names = {cte.alias for cte in tree.find_all(exp.CTE)}
        for table in tree.expression.find_all(exp.Table):
            if not table.db and table.name not in names:
                raise RedshiftError(
                    "All the relation names inside should be qualified when creating VIEW WITH NO SCHEMA BINDING"
                )


def _check_columns(
    schema: exp.Schema, attributes: Attributes, is_from_query: bool
) -> None:
    identities = 0
    for item in schema.expressions:
        if isinstance(item, exp.ColumnDef):
            if is_from_query:
                raise RedshiftSyntaxError(
                    item.kind.sql("redshift") if item.kind else "AS"
                )
            identities += _check_column(item)
        elif isinstance(item, exp.Identifier) and not is_from_query:
            raise RedshiftError(
                f'syntax error at or near ")": column "{item.name}" has no type'
            )
    _check_primary_keys(schema)
    if identities > 1:
        raise RedshiftError("multiple identity columns are not allowed")
    for key in schema.find_all(exp.PrimaryKey, exp.ForeignKey):
        for part in key.expressions:
            if (
                not attributes.has_like
                and part.name.lower() not in attributes.columns
            ):
                raise RedshiftError(
                    f'column "{part.name.lower()}" named in key does not exist'
                )


def _check_primary_keys(schema: exp.Schema) -> None:
    keys = list(schema.find_all(exp.PrimaryKey, exp.PrimaryKeyColumnConstraint))
    if len(keys) > 1:
        raise RedshiftError("multiple primary keys for table are not allowed")


def _check_column(column: exp.ColumnDef) -> int:
    """Check type and constraints; return 1 for an IDENTITY column."""
    name = column.name.lower()
    kind = column.args.get("kind")
    if kind is None:
        raise RedshiftError(
            f'syntax error at or near ",": column "{name}" has no type'
        )
    check_type(kind, name)
    is_identity = 0
    rules = [
        bool(item.kind.args.get("allow_null"))
        for item in column.args.get("constraints") or []
        if isinstance(item.kind, exp.NotNullColumnConstraint)
    ]
    if len(set(rules)) > 1:
        raise RedshiftError(
            f'conflicting NULL/NOT NULL declarations for column "{name}"'
        )
    for constraint in column.args.get("constraints") or []:
        value = constraint.kind
        if isinstance(value, exp.DefaultColumnConstraint):
            check_default(value)
            _check_default_type(value.this, kind, name)
        elif isinstance(value, exp.GeneratedAsIdentityColumnConstraint):
            is_identity = 1
            if value.args.get("start") is None:
                raise RedshiftError(
                    "syntax error: IDENTITY takes a seed and a step"
                )
            if kind.this.name not in _IDENTITY_TYPES:
                raise RedshiftError(
                    f'identity column "{name}" must be of type INT or BIGINT'
                )
        elif isinstance(value, exp.CollateColumnConstraint):
            collation = value.this.sql("redshift").lower()
            if collation not in _COLLATIONS:
                raise RedshiftSyntaxError(collation)
            raise UnsupportedFeatureError("COLLATE")
    return is_identity


def check_default(constraint: exp.DefaultColumnConstraint) -> None:
    """Refuse a default that reads columns or tables."""
    if constraint.find(exp.Subquery, exp.Select):
        raise RedshiftError("cannot use subquery in default expression")
    if constraint.find(exp.Column):
        raise RedshiftError(
            "cannot use column references in default expression"
        )
    if constraint.find(exp.AggFunc):
        raise RedshiftError(
            "cannot use aggregate function in default expression"
        )


_WHOLE_TEXT = re.compile(r"\s*[+-]?\d+\s*")
_NUMBER_TEXT = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*", re.I)
_BOOLEAN_TEXT = re.compile(r"t|f|true|false|y|n|yes|no|0|1", re.I)
_MOMENT_TEXT = re.compile(
    r".*\d.*|now|today|tomorrow|yesterday|epoch|-?infinity", re.I
)
_DEFAULT_TEXTS = {
    "DATE": ("date", _MOMENT_TEXT),
    "TIMESTAMP": ("timestamp", _MOMENT_TEXT),
    "TIMESTAMPTZ": ("timestamptz", _MOMENT_TEXT),
    "SMALLINT": ("smallint", _WHOLE_TEXT),
    "INT": ("integer", _WHOLE_TEXT),
    "BIGINT": ("bigint", _WHOLE_TEXT),
    "DECIMAL": ("numeric", _NUMBER_TEXT),
    "FLOAT": ("real", _NUMBER_TEXT),
    "DOUBLE": ("double precision", _NUMBER_TEXT),
    "BOOLEAN": ("boolean", _BOOLEAN_TEXT),
}


def _check_default_type(
    value: exp.Expression, kind: exp.DataType, column: str
) -> None:
    """Refuse a literal default that is no value of the column's type.

    Source: https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_TABLE_NEW.html (DEFAULT default_expr)
    """
    name, pattern = _DEFAULT_TEXTS.get(kind.this.name, ("", None))
    if pattern is None:
        return
    is_text = isinstance(value, exp.Literal) and value.is_string
    if is_text and not pattern.fullmatch(value.name):
        raise RedshiftError(
            f'invalid input syntax for type {name}: "{value.name}" is the default of column "{column}"'
        )
    if isinstance(value, exp.Boolean) and name != "boolean":
        raise RedshiftError(
            f'column "{column}" is of type {name} but default expression is of type boolean'
        )


def check_alter(tree: exp.Alter, catalog: Catalog) -> None:
    """Refuse an ALTER TABLE that Redshift refuses: it takes one action, and no IF.

    Source: https://docs.aws.amazon.com/redshift/latest/dg/r_ALTER_TABLE.html
    """
    if tree.args.get("exists"):
        raise RedshiftSyntaxError("EXISTS")
    actions = tree.args.get("actions") or []
    if len(actions) != 1:
        raise RedshiftSyntaxError(",", "ALTER TABLE takes one action")
    relation = catalog.relation(tree.this)
    if relation is None:
        raise RedshiftError(
            f'relation "{tree.this.name.lower()}" does not exist'
        )
    action = actions[0]
    match action:
        case exp.ColumnDef():
            _check_added_column(action, set(relation.columns))
        case exp.Drop():
            _check_dropped_column(action, relation)
            _check_free(action, relation, catalog)
        case exp.AlterColumn():
            _check_altered_column(action, relation)
        case exp.RenameColumn() | exp.AlterRename():
            pass
        case exp.AddConstraint():
            pass
        case _:
            shown = action.sql("redshift").split("(")[0].strip()
            raise RedshiftSyntaxError(shown[:40] or "ADD")


def _check_added_column(column: exp.ColumnDef, present: set[str]) -> None:
    name = column.name.lower()
    if column.args.get("exists"):
        raise RedshiftSyntaxError("NOT", "ADD COLUMN takes no IF NOT EXISTS")
    if name in present:
        raise RedshiftError(f'column "{name}" of relation already exists')
    _check_column(column)
    kinds = [item.kind for item in column.args.get("constraints") or []]
    has_default = any(
        isinstance(kind, exp.DefaultColumnConstraint) for kind in kinds
    )
    for kind in kinds:
        if (
            isinstance(kind, exp.NotNullColumnConstraint)
            and not kind.args.get("allow_null")
            and not has_default
        ):
            raise RedshiftError(
                "ALTER TABLE ADD COLUMN defined as NOT NULL must have a non-null default expression"
            )
        if isinstance(
            kind, exp.PrimaryKeyColumnConstraint | exp.UniqueColumnConstraint
        ):
            raise RedshiftError(
                "ALTER TABLE ADD COLUMN takes no PRIMARY KEY or UNIQUE"
            )
        if isinstance(kind, exp.GeneratedAsIdentityColumnConstraint):
            raise RedshiftError(
                "ALTER TABLE ADD COLUMN does not support columns with IDENTITY"
            )


def _check_dropped_column(action: exp.Drop, relation: Relation) -> None:
    if action.args.get("exists"):
        raise RedshiftSyntaxError("EXISTS")
    if str(action.args.get("kind") or "COLUMN").upper() == "CONSTRAINT":
        raise UnsupportedFeatureError("ALTER TABLE … DROP CONSTRAINT")
    for column in action.args.get("tables") or [action.this]:
        _check_presence(column, relation.name, set(relation.columns))


def _check_free(action: exp.Drop, relation: Relation, catalog: Catalog) -> None:
    """Refuse to drop a column of the table's keys, and without CASCADE one that a view reads.

    Source: https://docs.aws.amazon.com/redshift/latest/dg/r_ALTER_TABLE.html (DROP COLUMN)
    """
    for item in action.args.get("tables") or [action.this]:
        name = item.name.lower()
        declaration = relation.columns[name].declaration
        if declaration is not None and declaration.is_dist_key:
            raise RedshiftError(f'cannot drop distkey column "{name}"')
        if declaration is not None and declaration.sort_place:
            raise RedshiftError(f'cannot drop sortkey column "{name}"')
        if catalog.readers(relation, name):
            if action.args.get("cascade"):
                raise UnsupportedFeatureError(
                    "ALTER TABLE … DROP COLUMN … CASCADE of a column that a view reads"
                )
            raise RedshiftError(
                f"cannot drop table {relation.name} column {name} because other objects depend on it\n"
                "Hint: Use DROP ... CASCADE to drop the dependent objects too."
            )


def _check_altered_column(action: exp.AlterColumn, relation: Relation) -> None:
    """Allow a new length of a VARCHAR column only."""
    unknown = [
        key
        for key, value in action.args.items()
        if value and key not in ("this", "dtype")
    ]
    if unknown or action.args.get("dtype") is None:
        raise RedshiftSyntaxError(
            (unknown or ["SET"])[0].upper(), "ALTER COLUMN takes TYPE or ENCODE"
        )
    _check_presence(action.this, relation.name, set(relation.columns))
    kind = action.args["dtype"]
    check_type(kind, action.name.lower())
    column = relation.columns[action.name.lower()]
    if column.engine_type != "VARCHAR" or kind.this.name != "VARCHAR":
        raise RedshiftError(
            f'cannot alter column "{column.name}" of relation "{relation.name}": '
            "only the size of VARCHAR can be changed"
        )


def _check_presence(
    column: exp.Expression, table: str, present: set[str]
) -> None:
    if column.name.lower() not in present:
        raise RedshiftError(
            f'column "{column.name.lower()}" of relation "{table}" does not exist'
        )


def check_drop(tree: exp.Drop, catalog: Catalog) -> None:
    """Refuse a DROP of what does not exist, or exists as another kind.

    Source: https://docs.aws.amazon.com/redshift/latest/dg/r_DROP_TABLE.html
    """
    if tree.kind not in ("TABLE", "VIEW"):
        return
    for table in tree.args.get("tables") or []:
        _check_dropped(tree, table, catalog)


def _check_dropped(tree: exp.Drop, table: exp.Table, catalog: Catalog) -> None:
    relation = catalog.relation(table)
    name = table.name.lower()
    if relation is None:
        if not tree.args.get("exists"):
            shown = "Table" if tree.kind == "TABLE" else "View"
            raise RedshiftError(f'{shown} "{name}" does not exist')
        return
    if relation.is_view != (tree.kind == "VIEW"):
        shown = "a view" if tree.kind == "VIEW" else "a table"
        raise RedshiftError(f'"{name}" is not {shown}')


def check_truncate(tree: exp.TruncateTable) -> None:
    """Refuse TRUNCATE of several tables and with PostgreSQL's options.

    Source: https://docs.aws.amazon.com/redshift/latest/dg/r_TRUNCATE.html
    """
    if len(tree.expressions) != 1:
        raise RedshiftSyntaxError(",")
    if tree.args.get("exists"):
        raise RedshiftSyntaxError("EXISTS")
