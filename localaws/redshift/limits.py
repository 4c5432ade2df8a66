"""Check a call of the Data API against its limits, before any SQL is read.

Source: https://docs.aws.amazon.com/redshift/latest/mgmt/data-api.html (considerations) and the API reference.
"""

import re
from collections import Counter
from typing import Any

MOST_STATEMENTS = 40
MOST_BYTES = 100 * 1024
_PARAMETER = re.compile(
    r"'(?:[^'\\]|\\.|'')*'|\"[^\"]*\"|--[^\n]*|(?<!:):([A-Za-z_]\w*)"
)


def parameters_of(sql: str, parameters: list[dict[str, str]]) -> dict[str, str]:
    """Return the values of the parameters that a statement uses: all statements of a batch share one list."""
    used = set(_PARAMETER.findall(sql))
    return {
        item["name"]: item["value"]
        for item in parameters
        if item["name"] in used
    }


def broken_limit(sqls: list[str], parameters: list[dict[str, Any]]) -> str:
    """Return why the Data API refuses statements and parameters; empty if it takes them."""
    if len(sqls) > MOST_STATEMENTS:
        return (
            f"Member must have length less than or equal to {MOST_STATEMENTS}: "
            f"Sqls has {len(sqls)} statements"
        )
    size = sum(len(sql.encode()) for sql in sqls)
    if size > MOST_BYTES:
        return f"SQL statement is {size} bytes; the maximum is {MOST_BYTES} bytes (100 KB)"
    counts = Counter(item["name"] for item in parameters)
    doubled = [name for name, number in counts.items() if number > 1]
    if doubled:
        return f"Parameters list contains duplicate parameters. Duplicate parameters: {doubled}"
    used: set[str] = set()
    for sql in sqls:
        used.update(_PARAMETER.findall(sql))
    unused = [name for name in counts if name not in used]
    if unused:
        return f"Parameters list contains unused parameters. Unused parameters: {unused}"
    return ""
