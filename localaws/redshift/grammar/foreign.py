"""Refuse clauses of other engines that sqlglot reads, and then forgets or takes for something else."""

from collections.abc import Callable, Sequence

from sqlglot import Token, TokenType

from localaws.redshift.errors import RedshiftSyntaxError

_ANY = "?"
_CLAUSES = (
    ("*", ("EXCEPT", "(")),
    ("DISTINCT", ("ON", "(")),
    ("UNION", ("DISTINCT",)),
    ("INCLUDING", ("ALL",)),
    ("INCLUDING", ("CONSTRAINTS",)),
    ("INCLUDING", ("INDEXES",)),
    ("INCLUDING", ("IDENTITY",)),
    ("EXCLUDING", ("ALL",)),
    ("EXCLUDING", ("CONSTRAINTS",)),
    ("EXCLUDING", ("INDEXES",)),
    ("EXCLUDING", ("IDENTITY",)),
    (_ANY, ("DEFERRABLE",)),
    (_ANY, ("INITIALLY", "DEFERRED")),
    (_ANY, ("INITIALLY", "IMMEDIATE")),
    ("UNIQUE", ("NULLS",)),
    ("*", ("LIKE",)),
    ("*", ("ILIKE",)),
    (",", ("LATERAL", "(")),
    (",", ("LATERAL", _ANY, "(")),
    ("JOIN", ("LATERAL",)),
    (",", ("TABLE", "(")),
    ("AS", ("TABLE", _ANY)),
    ("INSERT", ("IGNORE", "INTO")),
    ("THEN", ("DO", "NOTHING")),
    ("INSERT", ("*",)),
    ("SET", ("*",)),
    (")", ("PARTITION BY",)),
    ("EXPLAIN", ("ANALYZE",)),
    ("VACUUM", ("ANALYZE",)),
    ("VACUUM", ("(",)),
    (_ANY, ("EXCLUDE", "USING")),
    (_ANY, ("WITH", "(")),
    (_ANY, ("WITH", "TIES")),
    (_ANY, ("WITH", "DATA")),
    (_ANY, ("WITH", "NO", "DATA")),
    (_ANY, ("WITH", "CHECK")),
    (_ANY, ("WITH", "LOCAL", "CHECK")),
    (_ANY, ("WITH", "CASCADED", "CHECK")),
    (_ANY, ("ON", "DELETE")),
    (_ANY, ("ON", "UPDATE")),
    ("INT", ("UNSIGNED",)),
    ("INTEGER", ("UNSIGNED",)),
    ("BIGINT", ("UNSIGNED",)),
    ("SMALLINT", ("UNSIGNED",)),
    (_ANY, ("REGEXP", "'")),
    (_ANY, ("RLIKE", "'")),
)
"""What stands before a clause, and its words; the first word is where Redshift's parser stops."""
_HINTS = {
    "ON (": "SELECT DISTINCT ON is not supported",
    "EXCEPT (": "columns are left out by EXCLUDE",
    "WITH (": "there are no hints of tables and no options of storage",
    "ON DELETE": "foreign keys take no actions",
    "ON UPDATE": "foreign keys take no actions",
}
"""What more to say of a clause."""
_CHANGES = frozenset({"INSERT", "UPDATE", "DELETE", "MERGE"})
_COUNTED = frozenset({"ROW", "ROWS", "PERCENT"})
_PLACES = frozenset({"AFTER", "FIRST"})
_ALTERED = frozenset({"TYPE", "ENCODE"})


def check_foreign_clauses(tokens: Sequence[Token]) -> None:
    """Refuse clauses of other engines.

    Raises:
        RedshiftSyntaxError: with the word at which Redshift's parser stops.
    """
    words = [_word(token) for token in tokens]
    for place in range(len(words)):
        for before, clause in _CLAUSES:
            previous = words[place - 1] if place else ""
            is_here = before in (_ANY, previous)
            if is_here and _begins(words[place:], clause):
                hint = _HINTS.get(" ".join(clause), "")
                raise RedshiftSyntaxError(tokens[place].text, hint)
        _check_changes(tokens, words, place)
        _check_counts(tokens, words, place)
    _check_statement(tokens, words)


def _word(token: Token) -> str:
    """Return a word in capitals; nothing for a quoted name and a quote for text, which are no clauses."""
    if token.token_type == TokenType.IDENTIFIER:
        return ""
    if token.token_type in (TokenType.STRING, TokenType.HEREDOC_STRING):
        return "'"
    return str(token.text).upper()


def _begins(words: Sequence[str], clause: Sequence[str]) -> bool:
    if len(words) < len(clause):
        return False
    is_common_table = clause[0] == "WITH" and len(clause) == 2
    if is_common_table and clause[1] != "(":
        following = words[2:3]
        if following and following[0] in ("AS", "("):
            return False
    return all(
        part in (_ANY, word) for part, word in zip(clause, words, strict=False)
    )


def _check_changes(
    tokens: Sequence[Token], words: Sequence[str], place: int
) -> None:
    """Refuse statements that change rows where a query must stand."""
    is_query = words[place - 2 : place] == ["AS", "("]
    if place > 1 and is_query and words[place] in _CHANGES:
        raise RedshiftSyntaxError(tokens[place].text)


def _check_counts(
    tokens: Sequence[Token], words: Sequence[str], place: int
) -> None:
    """Refuse `TOP n PERCENT` and `OFFSET n ROWS`."""
    if place < 2 or words[place] not in _COUNTED:
        return
    if words[place - 2] in ("TOP", "OFFSET", "LIMIT"):
        raise RedshiftSyntaxError(tokens[place].text)


def _check_statement(tokens: Sequence[Token], words: Sequence[str]) -> None:
    """Check what belongs to one kind of statement."""
    if words[0] in _CHANGES and "RETURNING" in words:
        raise RedshiftSyntaxError("RETURNING")
    check = _STATEMENTS.get(words[0])
    if check is not None:
        check(tokens, words)
    if words[0] != "MERGE":
        _check_using(tokens, words)


def _check_insert(tokens: Sequence[Token], words: Sequence[str]) -> None:
    """Refuse an INSERT without INTO, and FROM where a query must stand."""
    if words[1:2] != ["INTO"]:
        raise RedshiftSyntaxError(tokens[min(1, len(words) - 1)].text)
    if "TABLE" in words:
        raise RedshiftSyntaxError("TABLE")
    if "VALUE" in words[3:] and not {"VALUES", "SELECT"} & set(words):
        raise RedshiftSyntaxError("VALUE")
    if "FROM" in words:
        is_query = "SELECT" in words[: words.index("FROM")]
        if not is_query and "VALUES" not in words:
            raise RedshiftSyntaxError("FROM")


def _check_update(tokens: Sequence[Token], words: Sequence[str]) -> None:
    """Refuse a JOIN before SET."""
    border = words.index("SET") if "SET" in words else len(words)
    if "JOIN" in words[:border]:
        raise RedshiftSyntaxError("JOIN")


def _check_delete(tokens: Sequence[Token], words: Sequence[str]) -> None:
    """Refuse a JOIN, and `DELETE t FROM …`, with which other engines name what they delete from.

    Source: https://docs.aws.amazon.com/redshift/latest/dg/r_DELETE.html
    """
    border = words.index("WHERE") if "WHERE" in words else len(words)
    head = words[:border]
    if "JOIN" in head:
        raise RedshiftSyntaxError("JOIN")
    if words[1:2] == ["FROM"]:
        return
    for word in ("FROM", "USING"):
        if word in head:
            raise RedshiftSyntaxError(word, "DELETE FROM table USING …")


def _check_merge(tokens: Sequence[Token], words: Sequence[str]) -> None:
    """Refuse a MERGE without INTO or ON, and WHERE in its branches."""
    if words[1:2] != ["INTO"]:
        raise RedshiftSyntaxError(tokens[min(1, len(words) - 1)].text)
    if "ON" not in words:
        raise RedshiftSyntaxError(tokens[-1].text, "MERGE needs ON")
    if "WHEN" in words and "WHERE" in words[words.index("WHEN") :]:
        raise RedshiftSyntaxError("WHERE")


def _check_using(tokens: Sequence[Token], words: Sequence[str]) -> None:
    """Refuse JOIN … USING without parentheses around its columns."""
    for place, word in enumerate(words[:-1]):
        before = words[:place]
        is_clause = (
            word == "USING" and "JOIN" in before and "DELETE" not in before
        )
        if is_clause and words[place + 1] != "(":
            raise RedshiftSyntaxError(tokens[place + 1].text)


def _check_alteration(tokens: Sequence[Token], words: Sequence[str]) -> None:
    """Refuse places of columns, columns in parentheses, and changes of columns but TYPE and ENCODE.

    Source: https://docs.aws.amazon.com/redshift/latest/dg/r_ALTER_TABLE.html
    """
    if words[1:2] != ["TABLE"]:
        return
    place = 3
    while words[place : place + 1] == ["."]:
        place += 2
    action = list(words[place:])
    if action[:2] == ["ADD", "("]:
        raise RedshiftSyntaxError("(")
    if action[:1] == ["ADD"]:
        first = 4 if action[1:2] == ["COLUMN"] else 3
        for offset, word in enumerate(action[first:], place + first):
            if word in _PLACES:
                raise RedshiftSyntaxError(tokens[offset].text)
    if action[:2] == ["ALTER", "COLUMN"]:
        change = action[3] if len(action) > 3 else ""
        if change not in _ALTERED:
            raise RedshiftSyntaxError(
                change or "end of input", "ALTER COLUMN takes TYPE or ENCODE"
            )
        if "USING" in action:
            raise RedshiftSyntaxError("USING")


_STATEMENTS: dict[str, Callable[[Sequence[Token], Sequence[str]], None]] = {
    "INSERT": _check_insert,
    "UPDATE": _check_update,
    "DELETE": _check_delete,
    "MERGE": _check_merge,
    "ALTER": _check_alteration,
}
