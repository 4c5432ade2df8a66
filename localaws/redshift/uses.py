"""Find out what a statement does with tables and schemas, and refuse what its user may not do.

Source: https://docs.aws.amazon.com/redshift/latest/dg/r_GRANT.html (which privilege each statement needs)
"""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlglot import exp

from localaws.redshift.access import SUPERUSERS, Access, Caller
from localaws.redshift.catalog import PUBLIC, Catalog, Relation
from localaws.redshift.errors import RedshiftError
from localaws.redshift.grammar.queries import common_table

_OWNERS = frozenset({"drop", "alter", "truncate", "replace"})
"""What an owner does; there are privileges for all of them but replacing a view."""


@dataclass(frozen=True)
class Use:
    """One thing that a statement does: with a table or view, else with a schema."""

    privilege: str
    relation: Relation | None = None
    schema: str = ""


def uses_of(tree: exp.Expression, catalog: Catalog) -> tuple[Use, ...]:
    """Return what a statement does with the tables, views and schemas that it names."""
    uses = list(_of_targets(tree, catalog))
    target = _target(tree)
    for table in tree.find_all(exp.Table):
        is_written = table is target or _is_ddl(tree, table)
        if is_written or common_table(table) is not None:
            continue
        is_key = table.find_ancestor(exp.Reference) is not None
        relation = catalog.relation(table)
        if relation is not None:
            uses.append(Use("references" if is_key else "select", relation))
    return tuple(uses)


def created_table(tree: exp.Expression) -> exp.Table | None:
    """Return the table or view that a CREATE makes; None for any other statement."""
    if isinstance(tree, exp.Create) and tree.kind in ("TABLE", "VIEW"):
        return (
            tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
        )
    return None


def created_schema(tree: exp.Expression) -> str:
    """Return the schema that a CREATE SCHEMA makes; empty for any other statement."""
    if isinstance(tree, exp.Create) and tree.kind == "SCHEMA":
        return _schema_name(tree)
    return ""


def check_uses(
    uses: tuple[Use, ...], caller: Caller, access: Access, catalog: Catalog
) -> None:
    """Refuse what a user may not do. Raises RedshiftError, in Redshift's words."""
    if caller.is_superuser:
        return
    for use in uses:
        if use.relation is None:
            _check_schema(use, caller, access)
            continue
        schema = use.relation.schema
        if not access.may_in_schema(caller, schema, "usage"):
            raise RedshiftError(f"permission denied for schema {schema}")
        _check_relation(use.privilege, use.relation, caller, access)
        if use.privilege == "select":
            _check_view(use.relation, access, catalog)


def _check_schema(use: Use, caller: Caller, access: Access) -> None:
    if access.may_in_schema(caller, use.schema, use.privilege):
        return
    if not use.schema:
        raise RedshiftError("permission denied for database")
    if use.privilege == "drop":
        raise RedshiftError(f"must be owner of schema {use.schema}")
    raise RedshiftError(f"permission denied for schema {use.schema}")


def _check_relation(
    privilege: str, relation: Relation, caller: Caller, access: Access
) -> None:
    if access.may(caller, relation, privilege):
        return
    if privilege in _OWNERS:
        raise RedshiftError(f"must be owner of relation {relation.name}")
    raise RedshiftError(f"permission denied for relation {relation.name}")


def _check_view(relation: Relation, access: Access, catalog: Catalog) -> None:
    """Refuse a view whose owner may no longer read what the view reads."""
    owner = relation.notes.get("owner")
    if owner is None or owner in SUPERUSERS:
        return
    for name in relation.notes.get("reads", []):
        schema, _, table = name.partition(".")
        read = catalog.relation(exp.table_(table, db=schema))
        if read is not None:
            _check_relation("select", read, Caller(owner), access)
            _check_view(read, access, catalog)


def _target(tree: exp.Expression) -> exp.Expression | None:
    """Return the table that an INSERT, UPDATE, DELETE or MERGE changes."""
    if isinstance(tree, exp.Insert | exp.Update | exp.Delete | exp.Merge):
        this = tree.this
        return this.this if isinstance(this, exp.Schema) else this
    return None


def _is_ddl(tree: exp.Expression, table: exp.Table) -> bool:
    """Tell whether a table is what a CREATE, DROP, ALTER or TRUNCATE is about."""
    if isinstance(tree, exp.Drop | exp.Alter | exp.TruncateTable):
        return True
    return table is created_table(tree) or (
        isinstance(tree, exp.Create) and tree.kind == "SCHEMA"
    )


def _of_targets(tree: exp.Expression, catalog: Catalog) -> Iterator[Use]:
    """Yield what a statement does with what it changes."""
    target = _target(tree)
    if isinstance(target, exp.Table):
        relation = catalog.relation(target)
        for privilege in _privileges(tree):
            if relation is not None:
                yield Use(privilege, relation)
    elif isinstance(tree, exp.Create):
        yield from _of_create(tree, catalog)
    elif isinstance(tree, exp.Drop) and tree.kind == "SCHEMA":
        yield Use("drop", schema=_schema_name(tree))
    elif isinstance(tree, exp.Drop | exp.Alter | exp.TruncateTable):
        names = {exp.Drop: "drop", exp.Alter: "alter"}
        privilege = names.get(type(tree), "truncate")
        for table in _changed(tree):
            relation = catalog.relation(table)
            if relation is not None:
                yield Use(privilege, relation)


def _changed(tree: exp.Expression) -> list[exp.Table]:
    """Return the tables of a DROP, ALTER or TRUNCATE; a new name is none."""
    if isinstance(tree, exp.Alter):
        return [tree.this]
    return list(tree.find_all(exp.Table))


def _of_create(tree: exp.Create, catalog: Catalog) -> Iterator[Use]:
    table = created_table(tree)
    if table is None:
        yield Use("create", schema="")
        return
    if _is_temporary(tree, table):
        return
    yield Use("create", schema=table.db.lower() or PUBLIC)
    existing = catalog.relation(table)
    if existing is not None and tree.args.get("replace"):
        yield Use("replace", existing)


def _is_temporary(tree: exp.Create, table: exp.Table) -> bool:
    properties = tree.args.get("properties")
    is_marked = properties and properties.find(exp.TemporaryProperty)
    return bool(is_marked) or table.name.startswith("#")


def _privileges(tree: exp.Expression) -> tuple[str, ...]:
    """Return what an INSERT, UPDATE, DELETE or MERGE needs on its target."""
    if isinstance(tree, exp.Insert):
        return ("insert",)
    if isinstance(tree, exp.Update):
        return ("update", "select")
    if isinstance(tree, exp.Delete):
        return ("delete", "select")
    actions = [
        branch.args.get("then") for branch in tree.args["whens"].expressions
    ]
    names = {"select"}
    for action in actions:
        if isinstance(action, exp.Insert | exp.Update):
            names.add("insert" if isinstance(action, exp.Insert) else "update")
        else:
            names.add("delete")
    return tuple(sorted(names))


def _schema_name(tree: exp.Expression) -> str:
    table = tree.find(exp.Table)
    if table is None:
        return ""
    return str(table.db or table.name).lower()
