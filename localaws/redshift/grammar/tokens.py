"""Check a statement's tokens: signs and literals that Redshift has, and calls of functions that it documents."""

from collections.abc import Sequence
from typing import ClassVar

import sqlglot
from sqlglot import Token, TokenType
from sqlglot.dialects.redshift import Redshift
from sqlglot.errors import TokenError

from localaws.redshift.errors import (
    RedshiftError,
    RedshiftSyntaxError,
    UnsupportedFeatureError,
)
from localaws.redshift.grammar.dateparts import check_part
from localaws.redshift.grammar.functions import (
    FUNCTIONS,
    Function,
    is_spatial,
)
from localaws.redshift.grammar.types import TYPE_NAMES

_SIGNS = frozenset(
    [
        "(",
        ")",
        "[",
        "]",
        ",",
        ".",
        "+",
        "-",
        "*",
        "/",
        "%",
        "^",
        "=",
        "<",
        ">",
        "<=",
        ">=",
        "<>",
        "!=",
        "||",
        "::",
        ":",
        "~",
        "!",
        "&",
        "|",
        "#",
        "<<",
        ">>",
        "|/",
        "||/",
    ]
)
"""Source: https://docs.aws.amazon.com/redshift/latest/dg/r_OPERATOR_SYMBOLS.html, r_comparison_condition,
pattern-matching-conditions-posix, r_concat_op and query-super (brackets)."""
_BEFORE_PARENTHESIS_TEXT = """
    all and any as between by case column cube default distinct distkey else encode except exclude exists from
    foreign group grouping having identity in including inner intersect interval into is join key left like
    limit minus not null on or order outer over partition pivot primary qualify recursive references right
    rollup rows select set sets some sortkey table then to top union unique unload unpivot update using values
    view when where with within check interleaved compound generated ilike similar end offset insert lateral
    only
"""
_BEFORE_PARENTHESIS = frozenset(_BEFORE_PARENTHESIS_TEXT.split())
"""Words that may stand before a parenthesis and call nothing."""
_BEFORE_NAME = frozenset(
    {"into", "table", "references", "view", "as", "with", "recursive", "exists", "copy", "update"}
)  # fmt: skip
"""Words after which a name with a parenthesis is a relation and its columns."""
_OPENS_VALUE_TEXT = """
    all and between by case distinct else from having ilike in join like limit not on or select set then values
    when where
"""
_OPENS_VALUE = frozenset(_OPENS_VALUE_TEXT.split())
"""Words after which a value or a relation stands, and so no type."""
_NOT_TEXT = frozenset(
    {
        TokenType.BYTE_STRING,
        TokenType.BIT_STRING,
        TokenType.HEX_STRING,
        TokenType.NATIONAL_STRING,
        TokenType.RAW_STRING,
        TokenType.UNICODE_STRING,
        TokenType.PLACEHOLDER,
        TokenType.UNKNOWN,
        TokenType.BACKSLASH,
    }
)
_NO_ITEM = frozenset(
    {TokenType.FROM, TokenType.R_PAREN, TokenType.COMMA, TokenType.WHERE, TokenType.GROUP_BY, TokenType.ORDER_BY}
)  # fmt: skip
_OPENS_QUERY = frozenset(
    {TokenType.L_PAREN, TokenType.ALIAS, TokenType.UNION, TokenType.ALL, TokenType.EXCEPT, TokenType.INTERSECT}
)  # fmt: skip
_LITERALS = frozenset(
    {TokenType.STRING, TokenType.HEREDOC_STRING, TokenType.NUMBER}
)
_LEADER_WORDS = frozenset(
    {"current_timestamp", "current_time", "localtime", "localtimestamp"}
)
"""Source: https://docs.aws.amazon.com/redshift/latest/dg/Date_functions_header.html (leader node only)"""
_HINT = (
    "\nHint: No function matches the given name and argument types. "
    "You may need to add explicit type casts."
)


class _Plain(Redshift):  # type: ignore[misc] # sqlglot's dialects are untyped
    """Redshift's dialect, whose own tokenizer swallows UNLOAD, VACUUM and others up to the end of the text."""

    class Tokenizer(Redshift.Tokenizer):  # type: ignore[misc]
        KEYWORDS: ClassVar[dict[str, TokenType]] = {
            word: kind
            for word, kind in Redshift.Tokenizer.KEYWORDS.items()
            if kind != TokenType.COMMAND
        }


def tokenize(sql: str) -> list[Token]:
    """Return the tokens of a text. Raises RedshiftError for a quote that is not closed."""
    try:
        return list(sqlglot.tokenize(sql, read=_Plain))
    except TokenError as error:
        raise RedshiftError("unterminated quoted string or comment") from error


def check_tokens(sql: str, tokens: Sequence[Token]) -> bool:
    """Refuse what Redshift has not; tell whether a statement calls functions of the leader node.

    Raises:
        RedshiftSyntaxError: a sign or a literal that is none of Redshift's.
        RedshiftError: a function that Redshift does not document, or with another number of arguments.
        UnsupportedFeatureError: a documented function that local AWS has not.
    """
    uses_leader = False
    words = [token.text.lower() for token in tokens[:6]]
    if words[0] == "insert" and "set" in words:
        raise RedshiftSyntaxError("SET")
    for place, token in enumerate(tokens):
        _check_sign(sql, tokens, place)
        _check_order(tokens, place)
        uses_leader |= token.text.lower() in _LEADER_WORDS and _is_word(token)
        if token.token_type == TokenType.L_PAREN and _is_call(tokens, place):
            function = _check_call(tokens, place)
            uses_leader |= function.kind == "leader"
    _check_joins(tokens)
    return uses_leader


def _check_joins(tokens: Sequence[Token]) -> None:
    """Refuse a JOIN without a condition; sqlglot reads it as a cross join."""
    words = [token.text.upper() for token in tokens]
    conditions = words.count("ON") + words.count("USING")
    joins = 0
    for place, word in enumerate(words):
        is_join = word == "JOIN" and tokens[place].token_type == TokenType.JOIN
        before = words[max(0, place - 3) : place]
        if is_join and not {"CROSS", "NATURAL"} & set(before):
            joins += 1
    if joins > conditions:
        raise RedshiftError(
            "syntax error at end of input: JOIN needs ON or USING"
        )


def _check_sign(sql: str, tokens: Sequence[Token], place: int) -> None:
    token = tokens[place]
    source = sql[token.start : token.end + 1]
    is_word = _is_word(token)
    if token.token_type in _NOT_TEXT:
        raise RedshiftSyntaxError(source)
    if token.token_type in _LITERALS:
        _check_literal(tokens, place)
    elif not is_word and source not in _SIGNS:
        raise RedshiftSyntaxError(source)
    elif source == "!":
        following = tokens[place + 1].text if place + 1 < len(tokens) else ""
        if not following.startswith("~"):
            raise RedshiftSyntaxError("!")
    elif source == "[":
        _check_subscript(tokens, place)
    elif source == ":":
        _check_parameter(tokens, place)


def _check_order(tokens: Sequence[Token], place: int) -> None:
    """Refuse a comma before nothing, and FROM before SELECT; sqlglot takes both."""
    following = tokens[place + 1] if place + 1 < len(tokens) else None
    token = tokens[place]
    if token.token_type == TokenType.COMMA:
        if following is None:
            raise RedshiftError("syntax error at end of input")
        if following.token_type in _NO_ITEM:
            raise RedshiftSyntaxError(following.text)
        is_pair = (
            token.text == ","
            and place > 1
            and tokens[place - 2].token_type == TokenType.LIMIT
        )
        if is_pair:
            raise RedshiftSyntaxError(",")
    is_named = token.token_type == TokenType.ALIAS and following is not None
    if (
        is_named
        and following is not None
        and following.token_type == TokenType.STRING
    ):
        raise RedshiftSyntaxError(f"'{following.text}'")
    is_from = following is not None and following.token_type == TokenType.FROM
    if is_from and token.token_type in _OPENS_QUERY:
        raise RedshiftSyntaxError("FROM")


def _check_literal(tokens: Sequence[Token], place: int) -> None:
    """Refuse two literals that touch (`1_000`, `0x1F`, `x'41'`), and an interval without quotes."""
    token = tokens[place]
    if place == 0:
        return
    before = tokens[place - 1]
    is_number = token.token_type == TokenType.NUMBER
    touches = before.end + 1 == token.start
    if touches and (_is_word(before) or before.token_type in _LITERALS):
        raise RedshiftSyntaxError(token.text)
    is_text = token.token_type == TokenType.STRING
    if (
        is_text
        and before.token_type == TokenType.STRING
        and before.line == token.line
    ):
        raise RedshiftSyntaxError(f"'{token.text}'")
    if is_number and before.text.upper() == "INTERVAL":
        raise RedshiftSyntaxError(token.text)
    following = tokens[place + 1] if place + 1 < len(tokens) else None
    if is_number and following is not None and _is_word(following):
        is_separator = following.text.startswith("_") or token.text == "0"
        if is_separator and token.end + 1 == following.start:
            raise RedshiftSyntaxError(following.text)


def _check_subscript(tokens: Sequence[Token], place: int) -> None:
    """Refuse brackets that are no index into a SUPER value: literals of lists, slices, types of arrays.

    Source: https://docs.aws.amazon.com/redshift/latest/dg/query-super.html (navigation)
    """
    before = tokens[place - 1] if place else None
    is_path = before is not None and (
        before.text in ("]", ")") or _is_word(before)
    )
    if not is_path or before is None or before.text.upper() == "ARRAY":
        raise RedshiftSyntaxError("[")
    inside = tokens[place + 1 : place + 3]
    is_index = len(inside) == 2 and inside[1].text == "]"
    if not is_index or inside[0].token_type not in _LITERALS:
        raise RedshiftSyntaxError("[")


def _check_parameter(tokens: Sequence[Token], place: int) -> None:
    following = tokens[place + 1] if place + 1 < len(tokens) else None
    if following is None or not _is_word(following):
        raise RedshiftSyntaxError(":")
    if place and _is_operand(tokens[place - 1]):
        raise RedshiftSyntaxError(":")


def _is_operand(token: Token) -> bool:
    """Tell whether a token ends a value, after which `:name` would be a path of other engines."""
    is_name = token.token_type in (TokenType.VAR, TokenType.IDENTIFIER)
    return is_name or token.text in (")", "]")


def _is_word(token: Token) -> bool:
    if token.token_type in _LITERALS:
        return False
    first = token.text[:1]
    is_quoted = token.token_type == TokenType.IDENTIFIER
    return is_quoted or first.isalpha() or first in ("_", "#")


def _is_call(tokens: Sequence[Token], parenthesis: int) -> bool:
    """Tell whether what stands before a parenthesis is a function (and no clause, type or relation)."""
    if parenthesis == 0:
        return False
    name = tokens[parenthesis - 1]
    if not _is_word(name):
        return False
    word = name.text.lower().split()[-1] if name.text.strip() else ""
    is_quoted = name.token_type == TokenType.IDENTIFIER
    if not is_quoted and word in _BEFORE_PARENTHESIS:
        return word in FUNCTIONS and _is_keyword_call(tokens, parenthesis, word)
    start = _start_of_name(tokens, parenthesis - 1)
    before = tokens[start - 1] if start else None
    if before is None:
        return False
    previous = before.text.lower().split()[-1] if before.text else ""
    if before.token_type == TokenType.DCOLON or previous == "varying":
        return False
    if not is_quoted and word in TYPE_NAMES and _follows_type_place(before):
        return False
    if previous in _BEFORE_NAME:
        return False
    if word in TYPE_NAMES and _is_first_of_convert(tokens, start):
        return False
    if before.text == ")" or _is_relation(before):
        return False
    return not _is_common_table(tokens, parenthesis)


def _is_first_of_convert(tokens: Sequence[Token], place: int) -> bool:
    """Tell whether a word is the first argument of CONVERT, which is a type."""
    before = [token.text.lower() for token in tokens[max(0, place - 2) : place]]
    return before == ["convert", "("]


def _is_keyword_call(
    tokens: Sequence[Token], parenthesis: int, word: str
) -> bool:
    """Tell whether LEFT, RIGHT and other words that are clauses too are functions here."""
    following = (
        tokens[parenthesis + 1] if parenthesis + 1 < len(tokens) else None
    )
    before = tokens[parenthesis - 2] if parenthesis > 1 else None
    if word in ("left", "right"):
        return True
    if word == "grouping":
        return following is not None and before is not None
    return False


def _start_of_name(tokens: Sequence[Token], place: int) -> int:
    """Return where a qualified name begins."""
    while place >= 2 and tokens[place - 1].text == ".":
        place -= 2
    return place


def _follows_type_place(before: Token) -> bool:
    """Tell whether a type may stand after this token: after AS, TYPE or the name of a column."""
    return _is_word(before) and before.text.lower() not in _OPENS_VALUE


def _is_relation(before: Token) -> bool:
    """Tell whether the token before a name is itself a name, so that the name is an alias with columns."""
    if before.token_type == TokenType.IDENTIFIER:
        return True
    if before.token_type != TokenType.VAR:
        return False
    return before.text.lower() not in ("approximate", "qualify", "minus", "top")


def _is_common_table(tokens: Sequence[Token], parenthesis: int) -> bool:
    """Tell whether `name(columns)` is followed by `AS (`, as in WITH."""
    end = _closing(tokens, parenthesis)
    following = [token.text.upper() for token in tokens[end + 1 : end + 3]]
    return following == ["AS", "("]


def _closing(tokens: Sequence[Token], opening: int) -> int:
    depth = 0
    for place in range(opening, len(tokens)):
        if (
            tokens[place].text in ("(", "[")
            and tokens[place].token_type not in _LITERALS
        ):
            depth += 1
        elif (
            tokens[place].text in (")", "]")
            and tokens[place].token_type not in _LITERALS
        ):
            depth -= 1
            if depth == 0:
                return place
    raise RedshiftError("syntax error at end of input")


def _check_call(tokens: Sequence[Token], parenthesis: int) -> Function:
    token = tokens[parenthesis - 1]
    name = token.text.lower()
    end = _closing(tokens, parenthesis)
    arguments = _arguments(tokens[parenthesis + 1 : end])
    start = _start_of_name(tokens, parenthesis - 1)
    schema = "".join(part.text for part in tokens[start : parenthesis - 2])
    if schema.lower() not in ("", "pg_catalog"):
        raise RedshiftError(
            f"function {schema}.{name}{_signature(arguments)} does not exist{_HINT}"
        )
    function = FUNCTIONS.get(name)
    if function is None:
        if is_spatial(name):
            raise UnsupportedFeatureError(f"function {name.upper()}")
        raise RedshiftError(
            f"function {name}{_signature(arguments)} does not exist{_HINT}"
        )
    if not function.least <= len(arguments) <= function.most:
        raise RedshiftError(
            f"function {name}{_signature(arguments)} does not exist{_HINT}"
        )
    if arguments and arguments[0]:
        check_part(name, arguments[0][0].text)
    if not function.is_supported:
        raise UnsupportedFeatureError(f"function {name.upper()}")
    is_approximate = token.text.lower() == "approximate percentile_disc" or (
        name == "percentile_disc"
        and parenthesis > 1
        and tokens[parenthesis - 2].text.lower() == "approximate"
    )
    if is_approximate:
        raise UnsupportedFeatureError("APPROXIMATE PERCENTILE_DISC")
    if function.kind == "window" and not _has_over(tokens, end):
        raise RedshiftError(f"window function {name} requires an OVER clause")
    return function


def _has_over(tokens: Sequence[Token], end: int) -> bool:
    following = [token.text.upper() for token in tokens[end + 1 : end + 4]]
    return "OVER" in following


def _arguments(tokens: Sequence[Token]) -> list[list[Token]]:
    """Split what is between parentheses at its outer commas."""
    arguments: list[list[Token]] = []
    depth = 0
    for token in tokens:
        if token.text in ("(", "[") and token.token_type not in _LITERALS:
            depth += 1
        elif token.text in (")", "]") and token.token_type not in _LITERALS:
            depth -= 1
        if token.token_type == TokenType.COMMA and depth == 0:
            arguments.append([])
            continue
        if not arguments:
            arguments.append([])
        arguments[-1].append(token)
    return arguments


def _signature(arguments: list[list[Token]]) -> str:
    """Return the argument types as Redshift prints them; what only a binder knows stands as "unknown"."""
    return f"({', '.join(_argument_type(tokens) for tokens in arguments)})"


def _argument_type(tokens: list[Token]) -> str:
    if len(tokens) >= 3 and tokens[-2].token_type == TokenType.DCOLON:
        name = tokens[-1].text.lower()
        return "character varying" if name == "varchar" else name
    if len(tokens) == 1 and tokens[0].token_type == TokenType.NUMBER:
        return "integer" if tokens[0].text.isdigit() else "numeric"
    if len(tokens) == 1 and tokens[0].token_type in (
        TokenType.VAR,
        TokenType.IDENTIFIER,
    ):
        return "character varying"
    return '"unknown"'
