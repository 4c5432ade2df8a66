"""Keep users, database roles and owners, and tell what a user may do.

An IAM role is the database user `IAMR:<role>`. What it makes belongs to it; another user needs a grant.
Source: https://docs.aws.amazon.com/redshift/latest/dg/r_Privileges.html and
https://docs.aws.amazon.com/redshift/latest/mgmt/redshift-iam-access-federated-db-roles.html
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Any

from localaws.redshift.catalog import PUBLIC, Relation
from localaws.roles import OWNER

ADMIN_USER = "awsuser"
"""Whom a call with a secret acts as: the namespace's administrator."""
OWNER_USER = f"IAM:{OWNER}"
SUPERUSERS = frozenset({ADMIN_USER, OWNER_USER})
EVERYBODY = "public"
TEMPORARY = "main"
"""The engine's schema of temporary tables, which belong to their session."""
_OPEN = {"owner": ADMIN_USER, "grants": {EVERYBODY: ["create", "usage"]}}
"""In `public` everybody may CREATE and has USAGE, until it is revoked."""
GRANT_OPTION = "*"
"""Ends the name of a privilege that its holder may grant on."""


@dataclass(frozen=True)
class Caller:
    """A database user, and the database roles that the tag `RedshiftDbRoles` of its IAM role gives it."""

    user: str
    roles: frozenset[str] = frozenset()

    @property
    def is_superuser(self) -> bool:
        """Tell whether no grant binds the user."""
        return self.user in SUPERUSERS


ADMINISTRATOR = Caller(ADMIN_USER)


def caller_of(
    role: str, database_roles: frozenset[str] = frozenset()
) -> Caller:
    """Return the database user of an IAM role; the account's owner is no role."""
    if role in ("", OWNER):
        return Caller(OWNER_USER)
    return Caller(f"IAMR:{role}", database_roles)


@dataclass(frozen=True)
class Access:
    """What is known of users, roles and schemas at one moment; each change makes a new one."""

    users: frozenset[str] = SUPERUSERS
    roles: Mapping[str, str] = field(default_factory=dict)
    """Owner of each role."""
    members: frozenset[tuple[str, str]] = frozenset()
    """Pairs of a grantee's key and a role that it has."""
    schemas: Mapping[str, Mapping[str, Any]] = field(
        default_factory=lambda: {PUBLIC: _OPEN}
    )
    """`owner` and `grants` of each schema, and of the database under the empty name."""

    def principals(self, caller: Caller) -> frozenset[str]:
        """Return the keys under which a user holds privileges: itself, everybody, and its roles with theirs."""
        keys = {EVERYBODY, user_key(caller.user)}
        keys |= {role_key(name) for name in caller.roles if name in self.roles}
        size = 0
        while len(keys) > size:
            size = len(keys)
            keys |= {
                role_key(role)
                for holder, role in self.members
                if holder in keys
            }
        return frozenset(keys)

    def may(self, caller: Caller, relation: Relation, privilege: str) -> bool:
        """Tell whether a user may do something with a table or view."""
        if relation.schema == TEMPORARY or self.owns(caller, relation):
            return True
        grants = relation.notes.get("grants", {})
        return self._holds(caller, grants, privilege)

    def owns(self, caller: Caller, relation: Relation) -> bool:
        """Tell whether a user owns a table or view, or is a superuser."""
        return caller.is_superuser or relation.notes.get("owner") == caller.user

    def may_in_schema(
        self, caller: Caller, schema: str, privilege: str
    ) -> bool:
        """Tell whether a user may do something in a schema."""
        if caller.is_superuser or schema == TEMPORARY:
            return True
        notes = self.schemas.get(schema, {})
        if notes.get("owner") == caller.user:
            return True
        return self._holds(caller, notes.get("grants", {}), privilege)

    def _holds(
        self,
        caller: Caller,
        grants: Mapping[str, list[str]],
        privilege: str,
    ) -> bool:
        for key in self.principals(caller):
            held = grants.get(key, [])
            if privilege in held or privilege + GRANT_OPTION in held:
                return True
        return False

    def with_schema(self, name: str, notes: Mapping[str, Any]) -> "Access":
        """Return the state with a schema's owner and grants."""
        return replace(self, schemas={**self.schemas, name: notes})


class AccessStore:
    """Hold the committed state. Writers run one at a time, so that none overwrites another's change."""

    def __init__(self, roles: tuple[str, ...] = ()) -> None:
        self.current = Access(roles=dict.fromkeys(roles, ADMIN_USER))
        self._lock = Lock()

    def connect(self, user: str) -> None:
        """Make the user of an IAM role with its first connection, as Redshift Serverless does."""
        with self._lock:
            users = self.current.users | {user}
            self.current = replace(self.current, users=users)

    def commit(self, access: Access) -> None:
        """Take over what a transaction has changed."""
        with self._lock:
            users = self.current.users | access.users
            self.current = replace(access, users=users)


def user_key(user: str) -> str:
    """Return the key under which a user's privileges are kept."""
    return f"user:{user}"


def role_key(role: str) -> str:
    """Return the key under which a role's privileges are kept."""
    return f"role:{role}"
