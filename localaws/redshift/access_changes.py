"""Carry out the statements that change who may do what."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import product
from typing import Any

import duckdb
from sqlglot import exp

from localaws.redshift.access import (
    EVERYBODY,
    GRANT_OPTION,
    Access,
    Caller,
    role_key,
    user_key,
)
from localaws.redshift.catalog import Catalog, Relation, comment_on_relation
from localaws.redshift.errors import RedshiftError
from localaws.redshift.grants import (
    AccessCommand,
    GrantCommand,
    MembershipCommand,
    Name,
    OwnerCommand,
    RoleCommand,
)

_IN_SCHEMA = """
SELECT table_name FROM duckdb_tables() WHERE schema_name = $schema AND NOT internal
UNION ALL SELECT view_name FROM duckdb_views() WHERE schema_name = $schema AND NOT internal
"""
Notes = Mapping[str, Any]


class AccessChange:
    """One statement's change: of tables' notes at once, of roles and schemas as a new state."""

    def __init__(
        self,
        cursor: duckdb.DuckDBPyConnection,
        access: Access,
        caller: Caller,
        database: str,
    ) -> None:
        self._cursor = cursor
        self._catalog = Catalog(cursor)
        self._access = access
        self._caller = caller
        self._database = database

    def apply(self, command: AccessCommand) -> Access:
        """Carry out a command and return the state behind it. Raises RedshiftError."""
        match command:
            case RoleCommand():
                return self._change_role(command)
            case MembershipCommand():
                return self._change_members(command)
            case OwnerCommand():
                self._change_owner(command)
                return self._access
            case GrantCommand():
                return self._change_grants(command)

    def _change_role(self, command: RoleCommand) -> Access:
        roles = dict(self._access.roles)
        if not command.is_drop:
            if not self._caller.is_superuser:
                raise RedshiftError("permission denied to create role")
            if command.name in roles:
                raise RedshiftError(f'role "{command.name}" already exists')
            roles[command.name] = self._caller.user
            return replace(self._access, roles=roles)
        self._require_role(command.name)
        self._require_role_owner(command.name)
        key = role_key(command.name)
        members = self._access.members
        used = {
            pair
            for pair in members
            if key == pair[0] or command.name == pair[1]
        }
        if used and not command.is_forced:
            raise RedshiftError(
                f'role "{command.name}" cannot be dropped because it is granted; use FORCE'
            )
        del roles[command.name]
        return replace(self._access, roles=roles, members=members - used)

    def _change_members(self, command: MembershipCommand) -> Access:
        for role in command.roles:
            self._require_role(role)
            self._require_role_owner(role)
        for grantee in command.grantees:
            self._require_grantee(grantee)
        pairs = set(product(command.grantees, command.roles))
        for grantee, role in pairs:
            holders = self._roles_of(role) | {role}
            if any(grantee == role_key(name) for name in holders):
                raise RedshiftError(f'role "{role}" would be granted to itself')
        members = self._access.members
        members = members - pairs if command.is_revoke else members | pairs
        return replace(self._access, members=members)

    def _roles_of(self, role: str) -> set[str]:
        """Return the roles that a role has, by way of others too."""
        roles = {
            inner
            for key, inner in self._access.members
            if key == role_key(role)
        }
        for inner in set(roles):
            roles |= self._roles_of(inner)
        return roles

    def _change_owner(self, command: OwnerCommand) -> None:
        relation = self._relation(command.table)
        if not self._access.owns(self._caller, relation):
            raise RedshiftError(f"must be owner of relation {relation.name}")
        self._require_grantee(user_key(command.owner))
        self._note(relation, {**relation.notes, "owner": command.owner})

    def _change_grants(self, command: GrantCommand) -> Access:
        for grantee in command.grantees:
            self._require_grantee(grantee)
        if command.kind in ("schema", "database"):
            return self._change_schemas(command)
        relations = [self._relation(name) for name in self._tables(command)]
        for relation in relations:
            self._require_grantor(command, relation)
        for relation in relations:
            grants = changed(relation.notes.get("grants", {}), command)
            self._note(relation, {**relation.notes, "grants": grants})
        return self._access

    def _tables(self, command: GrantCommand) -> list[Name]:
        if command.kind == "table":
            return list(command.names)
        tables: list[Name] = []
        for schema, _ in command.names:
            self._require_schema(schema)
            rows = self._cursor.execute(
                _IN_SCHEMA, {"schema": schema}
            ).fetchall()
            tables += [(schema, row[0]) for row in rows]
        return tables

    def _change_schemas(self, command: GrantCommand) -> Access:
        access = self._access
        for name, _ in command.names:
            key = name
            if command.kind == "database":
                key = ""
                self._require_database(name)
            else:
                self._require_schema(name)
            notes = access.schemas.get(key, {})
            if not self._caller.is_superuser and (
                notes.get("owner") != self._caller.user
            ):
                raise RedshiftError(
                    f"permission denied for {command.kind} {name}"
                )
            grants = changed(notes.get("grants", {}), command)
            access = access.with_schema(key, {**notes, "grants": grants})
        return access

    def _relation(self, name: Name) -> Relation:
        schema, table = name
        relation = self._catalog.relation(exp.table_(table, db=schema or None))
        if relation is None:
            full_name = f"{schema}.{table}" if schema else table
            raise RedshiftError(f'relation "{full_name}" does not exist')
        return relation

    def _note(self, relation: Relation, notes: Notes) -> None:
        note_relation(self._cursor, relation, notes)
        self._catalog = Catalog(self._cursor)

    def _require_grantor(
        self, command: GrantCommand, relation: Relation
    ) -> None:
        """Refuse a grant of what is neither the grantor's own nor granted to it with GRANT OPTION."""
        if self._access.owns(self._caller, relation):
            return
        held = relation.notes.get("grants", {}).get(
            user_key(self._caller.user), []
        )
        if all(name + GRANT_OPTION in held for name in command.privileges):
            return
        raise RedshiftError(f"permission denied for relation {relation.name}")

    def _require_role(self, name: str) -> None:
        if name not in self._access.roles:
            raise RedshiftError(f'role "{name}" does not exist')

    def _require_role_owner(self, name: str) -> None:
        is_owner = self._access.roles[name] == self._caller.user
        if not self._caller.is_superuser and not is_owner:
            raise RedshiftError(f"permission denied for role {name}")

    def _require_grantee(self, key: str) -> None:
        if key == EVERYBODY:
            return
        kind, _, name = key.partition(":")
        if kind == "role":
            self._require_role(name)
        elif name not in self._access.users:
            raise RedshiftError(f'user "{name}" does not exist')

    def _require_schema(self, name: str) -> None:
        if not self._catalog.has_schema(name):
            raise RedshiftError(f'schema "{name}" does not exist')

    def _require_database(self, name: str) -> None:
        if name != self._database:
            raise RedshiftError(f'database "{name}" does not exist')


def note_relation(
    cursor: duckdb.DuckDBPyConnection, relation: Relation, notes: Notes
) -> None:
    """Keep what Redshift knows of a table or view."""
    kind = "VIEW" if relation.is_view else "TABLE"
    name = f'"{relation.schema}"."{relation.name}"'
    cursor.execute(comment_on_relation(kind, name, notes))


def changed(
    grants: Mapping[str, list[str]], command: GrantCommand
) -> dict[str, list[str]]:
    """Return an object's grants behind a GRANT or REVOKE: privileges by the key of their holder."""
    result = {key: set(held) for key, held in grants.items()}
    for key in command.grantees:
        held = result.setdefault(key, set())
        for privilege in command.privileges:
            option = privilege + GRANT_OPTION
            had_option = option in held
            held -= {privilege, option}
            if not command.is_revoke:
                keeps_option = command.has_option or had_option
                held.add(option if keeps_option else privilege)
            elif command.has_option and had_option:
                held.add(privilege)
    return {key: sorted(held) for key, held in result.items() if held}
