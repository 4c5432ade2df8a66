"""Read the statements that change who may do what: roles, GRANT, REVOKE and owners.

Source: https://docs.aws.amazon.com/redshift/latest/dg/r_GRANT.html, r_REVOKE.html, r_CREATE_ROLE.html, r_DROP_ROLE.html
and r_ALTER_TABLE.html
"""

from collections.abc import Callable
from dataclasses import dataclass

from sqlglot import TokenType

from localaws.redshift.access import EVERYBODY, role_key, user_key
from localaws.redshift.errors import (
    RedshiftError,
    RedshiftSyntaxError,
    UnsupportedFeatureError,
)
from localaws.redshift.grammar.tokens import tokenize

TABLE_PRIVILEGES = (
    "select", "insert", "update", "delete", "drop", "references", "alter", "truncate",
)  # fmt: skip
SCHEMA_PRIVILEGES = ("create", "usage", "alter", "drop")
DATABASE_PRIVILEGES = ("create", "usage", "temporary", "temp", "alter")
_PRIVILEGES = {
    "table": TABLE_PRIVILEGES,
    "tables": TABLE_PRIVILEGES,
    "schema": SCHEMA_PRIVILEGES,
    "database": DATABASE_PRIVILEGES,
}
_OTHER_PRIVILEGES = frozenset(
    {"execute", "assumerole", "explain", "ignore", "share", "link", "access"}
)
_SYSTEM_VERBS = frozenset(
    {"create", "drop", "alter", "truncate", "vacuum", "analyze", "cancel"}
)
"""First words of privileges of two words, such as CREATE USER."""
_OTHER_OBJECTS = frozenset(
    {
        "function", "procedure", "language", "copy", "model", "datashare", "template", "external", "functions",
        "procedures", "assumerole",
    }
)  # fmt: skip
_STATEMENTS = (
    ("create", "role"),
    ("drop", "role"),
    ("grant",),
    ("revoke",),
    ("alter", "table"),
)
Name = tuple[str, str]
"""Schema (empty where none is named) and name."""


@dataclass(frozen=True)
class RoleCommand:
    """CREATE ROLE or DROP ROLE."""

    name: str
    is_drop: bool = False
    is_forced: bool = False


@dataclass(frozen=True)
class GrantCommand:
    """GRANT or REVOKE of privileges."""

    is_revoke: bool
    privileges: tuple[str, ...]
    kind: str
    """What the names are: `table`, `tables` (all of a schema), `schema` or `database`."""
    names: tuple[Name, ...]
    grantees: tuple[str, ...]
    has_option: bool = False
    """WITH GRANT OPTION of a GRANT, GRANT OPTION FOR of a REVOKE."""


@dataclass(frozen=True)
class MembershipCommand:
    """GRANT ROLE or REVOKE ROLE."""

    is_revoke: bool
    roles: tuple[str, ...]
    grantees: tuple[str, ...]


@dataclass(frozen=True)
class OwnerCommand:
    """ALTER TABLE … OWNER TO."""

    table: Name
    owner: str


AccessCommand = RoleCommand | GrantCommand | MembershipCommand | OwnerCommand


def read_access(sql: str) -> AccessCommand | None:
    """Return the command in a statement; None for any other statement.

    Raises:
        RedshiftSyntaxError: the statement is not Redshift's grammar.
        UnsupportedFeatureError: a grant on what local AWS has not, or to a group.
    """
    first = tuple(sql.lower().split(None, 2)[:2])
    if not any(first[: len(words)] == words for words in _STATEMENTS):
        return None
    words = _Words(sql)
    if first[0] == "alter":
        return _read_owner(words)
    if first[0] in ("create", "drop"):
        return _read_role(words, is_drop=first[0] == "drop")
    return _read_grant(words)


class _Words:
    """The words of a statement, read from left to right."""

    def __init__(self, sql: str) -> None:
        self._words: list[tuple[str, bool]] = []
        for token in tokenize(sql.strip().rstrip(";")):
            is_quoted = token.token_type == TokenType.IDENTIFIER
            if is_quoted or token.token_type == TokenType.STRING:
                self._words.append((token.text, True))
            else:
                self._words += [
                    (word, False) for word in token.text.lower().split()
                ]
        self._place = 0

    @property
    def is_at_end(self) -> bool:
        return self._place >= len(self._words)

    def has(self, *words: str) -> bool:
        """Tell whether these words come next; if so, pass them."""
        end = self._place + len(words)
        if self._words[self._place : end] != [(word, False) for word in words]:
            return False
        self._place = end
        return True

    def is_before(self, *words: str) -> bool:
        """Tell whether one of these words, or the end, comes next."""
        return self.is_at_end or self._words[self._place] in [
            (word, False) for word in words
        ]

    def expect(self, *words: str) -> None:
        """Pass the words that must come next. Raises RedshiftSyntaxError."""
        if not self.has(*words):
            raise self.error()

    def name(self) -> str:
        """Return the name that comes next: in lower case, unless it is quoted."""
        if self.is_at_end:
            raise self.error()
        word, is_quoted = self._words[self._place]
        if not is_quoted and not (word[0].isalpha() or word[0] == "_"):
            raise self.error()
        self._place += 1
        return word

    def end(self) -> None:
        """Refuse what stands behind the statement."""
        if not self.is_at_end:
            raise self.error()

    def error(self) -> RedshiftError:
        """Return the error at the word that comes next."""
        if self.is_at_end:
            return RedshiftSyntaxError("end of input")
        return RedshiftSyntaxError(self._words[self._place][0])

    def listed[T](self, read: Callable[[], T]) -> tuple[T, ...]:
        """Return what `read` gives, once for each item of a list with commas."""
        items = [read()]
        while self.has(","):
            items.append(read())
        return tuple(items)


def _read_role(words: _Words, is_drop: bool) -> RoleCommand:
    words.expect("drop" if is_drop else "create", "role")
    name = words.name()
    if not is_drop and words.has("externalid"):
        raise UnsupportedFeatureError("CREATE ROLE … EXTERNALID")
    is_forced = is_drop and words.has("force")
    if is_drop and not is_forced:
        words.has("restrict")
    words.end()
    return RoleCommand(name, is_drop, is_forced)


def _read_owner(words: _Words) -> OwnerCommand | None:
    """Read ALTER TABLE … OWNER TO; any other ALTER TABLE is none of this module's."""
    words.expect("alter", "table")
    try:
        table = _table(words)
    except RedshiftSyntaxError:
        return None
    if not words.has("owner", "to"):
        return None
    owner = words.name()
    words.end()
    return OwnerCommand(table, owner)


def _read_grant(words: _Words) -> GrantCommand | MembershipCommand:
    is_revoke = words.has("revoke")
    if not is_revoke:
        words.expect("grant")
    has_option = is_revoke and words.has("grant", "option", "for")
    if words.has("role"):
        return _read_membership(words, is_revoke)
    privileges = _read_privileges(words)
    words.expect("on")
    kind, names = _read_objects(words)
    allowed = _PRIVILEGES[kind]
    wrong = [name for name in privileges if name not in (*allowed, "all")]
    if wrong:
        shown = "relation" if kind in ("table", "tables") else kind
        raise RedshiftError(
            f"invalid privilege type {wrong[0].upper()} for {shown}"
        )
    if "all" in privileges:
        privileges = allowed
    words.expect("from" if is_revoke else "to")
    grantees = words.listed(lambda: _grantee(words))
    if not is_revoke:
        has_option = words.has("with", "grant", "option")
    else:
        words.has("restrict")
    words.end()
    if has_option and not is_revoke:
        _check_option(grantees)
    return GrantCommand(
        is_revoke, privileges, kind, names, grantees, has_option
    )


def _read_membership(words: _Words, is_revoke: bool) -> MembershipCommand:
    roles = words.listed(words.name)
    words.expect("from" if is_revoke else "to")
    grantees = words.listed(lambda: _grantee(words))
    if words.has("with", "admin", "option"):
        raise UnsupportedFeatureError("GRANT ROLE … WITH ADMIN OPTION")
    words.end()
    if EVERYBODY in grantees:
        raise RedshiftError("cannot grant a role to PUBLIC")
    return MembershipCommand(is_revoke, roles, grantees)


def _read_privileges(words: _Words) -> tuple[str, ...]:
    if words.has("all"):
        words.has("privileges")
        return ("all",)
    return words.listed(lambda: _privilege(words))


def _privilege(words: _Words) -> str:
    name = words.name()
    if words.has("("):
        raise UnsupportedFeatureError("GRANT on columns")
    if name in ("rule", "trigger"):
        return name
    is_other = name in _OTHER_PRIVILEGES
    if is_other or (name in _SYSTEM_VERBS and not words.is_before("on", ",")):
        raise UnsupportedFeatureError(f"GRANT {name.upper()} …")
    known = {*TABLE_PRIVILEGES, *SCHEMA_PRIVILEGES, *DATABASE_PRIVILEGES}
    if name not in known:
        raise RedshiftSyntaxError(name)
    return name


def _read_objects(words: _Words) -> tuple[str, tuple[Name, ...]]:
    """Return what kind of objects a grant is on, and their names."""
    if words.has("all", "tables", "in", "schema"):
        schemas = words.listed(words.name)
        return "tables", tuple((schema, "") for schema in schemas)
    for kind in ("schema", "database"):
        if words.has(kind):
            names = words.listed(words.name)
            return kind, tuple((name, "") for name in names)
    words.has("table")
    for word in _OTHER_OBJECTS:
        if words.has(word) or words.has("all", word):
            raise UnsupportedFeatureError(f"GRANT … ON {word.upper()}")
    return "table", words.listed(lambda: _table(words))


def _table(words: _Words) -> Name:
    parts = [words.name().lower()]
    while words.has("."):
        parts.append(words.name().lower())
    if len(parts) > 3:
        raise RedshiftSyntaxError(".")
    return (parts[-2] if len(parts) > 1 else ""), parts[-1]


def _grantee(words: _Words) -> str:
    """Return the key of a role, a user or everybody."""
    if words.has("role"):
        return role_key(words.name())
    if words.has("group"):
        raise UnsupportedFeatureError("GRANT to a group")
    if words.has("public"):
        return EVERYBODY
    return user_key(words.name())


def _check_option(grantees: tuple[str, ...]) -> None:
    if any(not grantee.startswith(user_key("")) for grantee in grantees):
        raise RedshiftError(
            "WITH GRANT OPTION can be granted to a user only, not to a role or PUBLIC"
        )
