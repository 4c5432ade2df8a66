"""Read CREATE ROLE and GRANT … TO ROLE: roles have no effect here, but what a grant names must exist."""

import re

from localaws.redshift.errors import UnsupportedFeatureError

_FLAGS = re.IGNORECASE | re.DOTALL
_CREATE = re.compile(r"CREATE\s+ROLE\s+\w+", _FLAGS)
_GRANT = re.compile(
    r"GRANT\s+SELECT\s+ON\s+(?:TABLE\s+)?(?P<tables>[\w.,\s]+?)\s+TO\s+ROLE\s+\w+",
    _FLAGS,
)


def read_grant(sql: str) -> tuple[str, ...] | None:
    """Return queries that fail where a table of a grant is absent; None for any other statement.

    Raises:
        UnsupportedFeatureError: another GRANT than of SELECT to a role.
    """
    text = sql.strip()
    if _CREATE.fullmatch(text):
        return ()
    if not re.match(r"GRANT\s", text, _FLAGS):
        return None
    grant = _GRANT.fullmatch(text)
    if grant is None:
        raise UnsupportedFeatureError("GRANT of anything but SELECT to a role")
    tables = [table.strip().lower() for table in grant["tables"].split(",")]
    return tuple(f"SELECT 1 FROM {table} LIMIT 0" for table in tables)  # noqa: S608 - words and dots, see above
