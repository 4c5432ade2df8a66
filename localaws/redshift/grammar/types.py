"""Check the types that a statement names: those that Redshift documents, with lengths that it takes.

Source: https://docs.aws.amazon.com/redshift/latest/dg/c_Supported_data_types.html
"""

from collections.abc import Sequence

from sqlglot import Token, TokenType, exp

from localaws.redshift.errors import RedshiftError, UnsupportedFeatureError

TYPE_NAMES_TEXT = """
    smallint int2 integer int int4 bigint int8 decimal numeric real float4 double float8 float boolean bool char
    character nchar bpchar varchar nvarchar text date time timetz timestamp timestamptz super varbyte varbinary
    binary geometry geography hllsketch interval
"""
TYPE_NAMES = frozenset(TYPE_NAMES_TEXT.split())
_SUPPORTED_TEXT = """
    SMALLINT INT BIGINT DECIMAL FLOAT DOUBLE BOOLEAN CHAR NCHAR BPCHAR VARCHAR NVARCHAR TEXT DATE TIMESTAMP
    TIMESTAMPTZ TIMESTAMPNTZ SUPER
"""
_SUPPORTED = frozenset(_SUPPORTED_TEXT.split())
_DOCUMENTED = frozenset(
    [
        "TIME",
        "TIMETZ",
        "VARBINARY",
        "BINARY",
        "GEOMETRY",
        "GEOGRAPHY",
        "HLLSKETCH",
        "INTERVAL",
    ]
)
_LONGEST = {
    "VARCHAR": 65535,
    "NVARCHAR": 65535,
    "TEXT": 65535,
    "CHAR": 4096,
    "NCHAR": 4096,
    "BPCHAR": 4096,
}
_MOST_DIGITS = 38


def check_type_names(tokens: Sequence[Token]) -> None:
    """Refuse names of types that sqlglot knows and Redshift does not, where a type must stand: after `::`, in CAST."""
    for place, token in enumerate(tokens[:-1]):
        following = tokens[place + 1]
        if token.token_type == TokenType.DCOLON:
            _check_name(following)
        elif token.text.upper() in ("CAST", "TRY_CAST"):
            kind = _type_of_cast(tokens, place)
            if kind is not None:
                _check_name(kind)


def _type_of_cast(tokens: Sequence[Token], place: int) -> Token | None:
    depth = 0
    for index in range(place + 1, len(tokens) - 1):
        token = tokens[index]
        if token.token_type == TokenType.L_PAREN:
            depth += 1
        elif token.token_type == TokenType.R_PAREN:
            depth -= 1
            if depth == 0:
                return None
        elif depth == 1 and token.token_type == TokenType.ALIAS:
            return tokens[index + 1]
    return None


def _check_name(token: Token) -> None:
    words = token.text.lower().split()
    if words == ["double"]:
        raise RedshiftError('type "double" does not exist')
    if token.token_type == TokenType.IDENTIFIER or words[0] not in TYPE_NAMES:
        raise RedshiftError(f'type "{token.text.lower()}" does not exist')


def check_type(kind: exp.DataType, column: str = "") -> None:
    """Refuse a type that Redshift or local AWS has not, and lengths out of range.

    `column` names the column that is defined with the type; empty in a cast.
    """
    name = (
        kind.this.name
        if isinstance(kind.this, exp.DataType.Type)
        else str(kind.this)
    )
    if name in _DOCUMENTED:
        raise UnsupportedFeatureError(f"type {name}")
    if name not in _SUPPORTED or kind.args.get("nested"):
        shown = kind.sql("postgres").lower()
        if column:
            raise RedshiftError(
                f'Column "{column}" has unsupported type "{shown}".'
            )
        raise RedshiftError(f'type "{shown}" does not exist')
    parameters = [part.name for part in kind.expressions]
    if name in _LONGEST:
        _check_length(name, parameters)
    elif name == "DECIMAL":
        _check_decimal(parameters)
    elif parameters:
        raise RedshiftError(
            f'syntax error at or near "(": type {name} takes no length'
        )


def _check_length(name: str, parameters: list[str]) -> None:
    shown = "bpchar" if "CHAR" in name and "VAR" not in name else "varchar"
    if len(parameters) > 1:
        raise RedshiftError('syntax error at or near ","')
    if not parameters or parameters[0].upper() == "MAX":
        return
    length = parameters[0]
    if not length.isdigit():
        raise RedshiftError(f'syntax error at or near "{length}"')
    if int(length) < 1:
        raise RedshiftError(f"length for type {shown} must be at least 1")
    if int(length) > _LONGEST[name]:
        raise RedshiftError(
            f"length for type {shown} cannot exceed {_LONGEST[name]}"
        )


def _check_decimal(parameters: list[str]) -> None:
    if not all(part.isdigit() for part in parameters) or len(parameters) > 2:
        raise RedshiftError('syntax error at or near "("')
    if not parameters:
        return
    precision = int(parameters[0])
    if not 1 <= precision <= _MOST_DIGITS:
        raise RedshiftError(
            f"DECIMAL precision {precision} must be between 1 and {_MOST_DIGITS}"
        )
    if len(parameters) == 2 and int(parameters[1]) > precision:
        raise RedshiftError(
            f"DECIMAL scale {parameters[1]} must be between 0 and precision {precision}"
        )
