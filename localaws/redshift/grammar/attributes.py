"""Read the attributes of CREATE TABLE that only Redshift has, and check them."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlglot import Token, TokenType

from localaws.redshift.errors import RedshiftError, RedshiftSyntaxError
from localaws.redshift.grammar.types import TYPE_NAMES
from localaws.redshift.grammar.words import RESERVED

_STYLES = frozenset({"auto", "even", "key", "all"})
_ENCODINGS_TEXT = """
    auto raw az64 bytedict delta delta32k lzo mostly8 mostly16 mostly32 runlength text255 text32k zstd
"""
_ENCODINGS = frozenset(_ENCODINGS_TEXT.split())
"""Source: https://docs.aws.amazon.com/redshift/latest/dg/c_Compression_encodings.html"""
_TABLE_CONSTRAINTS = frozenset(
    {"primary", "unique", "foreign", "constraint", "like", "check", "exclude"}
)
_MOST_SORT_KEYS = {"compound": 400, "interleaved": 8}
_MOST_COLUMNS = 1600
_OPENING = ("(", "[")
_CLOSING = (")", "]")


@dataclass
class Attributes:
    """Where Redshift would put a table's rows, and which columns that names."""

    style: str = ""
    dist_keys: list[str] = field(default_factory=list)
    sort_keys: list[str] = field(default_factory=list)
    sort_kind: str = ""
    columns: list[str] = field(default_factory=list)
    encodings: dict[str, str] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)
    has_columns: bool = False
    has_like: bool = False


class TableText:
    """The text of a CREATE TABLE: reads the attributes, and blanks those that sqlglot does not read."""

    def __init__(self, sql: str, tokens: Sequence[Token]) -> None:
        self._sql = sql
        self._tokens = list(tokens)
        self._blanks: list[tuple[int, int]] = []
        self.attributes = Attributes()
        self._has_column_key = False

    def read(self) -> str:
        """Return the text without the attributes, which are in `attributes` then.

        Raises:
            RedshiftError: attributes that Redshift refuses.
        """
        place = self._after_name()
        if place < len(self._tokens) and self._word(place) == "(":
            end = self._closing(place)
            self._read_columns(place + 1, end)
            place = end + 1
        self._read_table_attributes(place)
        self._check()
        return self._cleaned()

    def _word(self, place: int) -> str:
        if place >= len(self._tokens):
            return ""
        token = self._tokens[place]
        if token.token_type == TokenType.STRING:
            return "'"
        return str(token.text).lower()

    def _after_name(self) -> int:
        """Return the place after the table's name."""
        place = (
            next(
                index
                for index in range(len(self._tokens))
                if self._word(index) == "table"
            )
            + 1
        )
        while self._word(place) in ("if", "not", "exists", "if not exists"):
            place += 1
        place += 1
        while self._word(place) == ".":
            place += 2
        return place

    def _closing(self, opening: int) -> int:
        depth = 0
        for place in range(opening, len(self._tokens)):
            depth += self._word(place) in _OPENING
            depth -= self._word(place) in _CLOSING
            if depth == 0:
                return place
        raise RedshiftError("syntax error at end of input")

    def _read_columns(self, start: int, end: int) -> None:
        self.attributes.has_columns = True
        item = start
        depth = 0
        for place in range(start, end + 1):
            is_end = place == end or (depth == 0 and self._word(place) == ",")
            if is_end:
                self._read_item(item, place)
                item = place + 1
                continue
            depth += self._word(place) in _OPENING
            depth -= self._word(place) in _CLOSING

    def _read_item(self, start: int, end: int) -> None:
        """Read one column or constraint of the table."""
        if start >= end:
            raise RedshiftSyntaxError(self._word(end))
        first = self._word(start).split()[0]
        is_quoted = self._tokens[start].token_type == TokenType.IDENTIFIER
        if first in _TABLE_CONSTRAINTS and not is_quoted:
            if first in ("check", "exclude"):
                raise RedshiftSyntaxError(first.upper())
            self.attributes.has_like |= first == "like"
            return
        name = self._word(start)
        if name in RESERVED and not is_quoted:
            raise RedshiftSyntaxError(name)
        if name in self.attributes.columns:
            raise RedshiftError(f'column "{name}" duplicated')
        self.attributes.columns.append(name)
        words = self._word(start + 1).split() if start + 1 < end else []
        kind = words[0] if words else ""
        is_unknown = kind and kind not in TYPE_NAMES
        if is_unknown or words == ["double"]:  # which needs PRECISION
            raise RedshiftError(
                f'Column "{name}" has unsupported type "{kind}".'
            )
        self.attributes.types[name] = kind
        self._read_column_attributes(name, start + 1, end)

    def _read_column_attributes(self, name: str, start: int, end: int) -> None:
        place = start
        while place < end:
            word = self._word(place)
            if word == "distkey":
                self.attributes.dist_keys.append(name)
                self._blank(place, place)
            elif word == "sortkey":
                self._has_column_key = True
                self.attributes.sort_keys.append(name)
                self._blank(place, place)
            elif word == "encode":
                self._read_encoding(name, place)
                place += 1
            place += 1

    def _read_encoding(self, column: str, place: int) -> None:
        encoding = self._word(place + 1)
        if encoding not in _ENCODINGS:
            raise RedshiftError(
                f'encoding type "{encoding}" for column "{column}" does not exist'
            )
        self.attributes.encodings[column] = encoding
        self._blank(place, place + 1)

    def _read_table_attributes(self, place: int) -> None:
        attributes = self.attributes
        while place < len(self._tokens):
            start = place
            word = self._word(place)
            if word in ("as", ";"):
                return
            if word == "backup" and self._word(place + 1) in ("yes", "no"):
                place += 2
            elif word == "diststyle" and self._word(place + 1) in _STYLES:
                attributes.style = self._word(place + 1)
                place += 2
            elif word == "distkey":
                names, place = self._names(place + 1)
                if len(names) != 1:
                    raise RedshiftError("DISTKEY takes one column")
                attributes.dist_keys += names
            elif word in ("compound", "interleaved", "sortkey"):
                place = self._read_sort_key(place)
            elif word == "encode" and self._word(place + 1) == "auto":
                place += 2
            else:
                raise RedshiftSyntaxError(self._tokens[place].text)
            self._blank(start, place - 1)

    def _read_sort_key(self, place: int) -> int:
        kind = "compound"
        if self._word(place) != "sortkey":
            kind = self._word(place)
            place += 1
        if self._word(place) != "sortkey":
            raise RedshiftSyntaxError(self._word(place))
        if self._word(place + 1) == "auto":
            if self._word(place - 1) in _MOST_SORT_KEYS:
                raise RedshiftSyntaxError("AUTO")
            return place + 2
        names, place = self._names(place + 1)
        if self.attributes.sort_kind:
            raise RedshiftError("multiple SORTKEY clauses are not allowed")
        self.attributes.sort_kind = kind
        self.attributes.sort_keys += names
        return place

    def _names(self, place: int) -> tuple[list[str], int]:
        """Return the names in parentheses and the place after them."""
        if self._word(place) != "(":
            raise RedshiftSyntaxError(self._word(place))
        end = self._closing(place)
        names = [self._word(index) for index in range(place + 1, end, 2)]
        return names, end + 1

    def _check(self) -> None:
        """Refuse contradictions.

        Source: https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_TABLE_NEW.html
        """
        attributes = self.attributes
        if len(attributes.dist_keys) > 1:
            raise RedshiftError("only one DISTKEY column can be defined")
        if attributes.dist_keys and attributes.style in ("even", "all", "auto"):
            raise RedshiftError(
                f"cannot specify DISTKEY with DISTSTYLE {attributes.style.upper()}"
            )
        if attributes.style == "key" and not attributes.dist_keys:
            raise RedshiftError("DISTSTYLE KEY requires a DISTKEY column")
        self._check_sort_keys()
        most = _MOST_SORT_KEYS[attributes.sort_kind or "compound"]
        if len(attributes.sort_keys) > most:
            raise RedshiftError(f"too many sort keys: at most {most}")
        if len(attributes.columns) > _MOST_COLUMNS:
            raise RedshiftError(
                f"tables can have at most {_MOST_COLUMNS} columns"
            )
        if attributes.has_columns and not attributes.has_like:
            self._check_keys()
        self._check_encodings()

    def _check_sort_keys(self) -> None:
        """Refuse a column that is named twice, and SORTKEY of a column beside that of the table."""
        keys = self.attributes.sort_keys
        doubled = [name for name in keys if keys.count(name) > 1]
        if doubled:
            raise RedshiftError(
                f'column "{doubled[0]}" appears twice in SORTKEY'
            )
        if self.attributes.sort_kind and self._has_column_key:
            raise RedshiftError("multiple SORTKEY clauses are not allowed")

    def _check_keys(self) -> None:
        for kind, names in (
            ("DISTKEY", self.attributes.dist_keys),
            ("SORTKEY", self.attributes.sort_keys),
        ):
            for name in names:
                if name not in self.attributes.columns:
                    raise RedshiftError(
                        f'{kind} column "{name}" does not exist'
                    )
                if self.attributes.types[name] == "super":
                    raise RedshiftError(
                        f'column "{name}" of type super cannot be a {kind}'
                    )

    def _check_encodings(self) -> None:
        """Refuse an encoding that a column's type has not.

        Source: https://docs.aws.amazon.com/redshift/latest/dg/c_Compression_encodings.html
        """
        for column, encoding in self.attributes.encodings.items():
            kind = self.attributes.types[column]
            family = _FAMILIES.get(kind, "")
            if family and family not in _ENCODED.get(encoding, _ALL_FAMILIES):
                raise RedshiftError(
                    f'invalid encoding type specified for column "{column}"'
                )

    def _blank(self, first: int, last: int) -> None:
        start = self._tokens[first].start
        end = self._tokens[min(last, len(self._tokens) - 1)].end
        self._blanks.append((start, end + 1))

    def _cleaned(self) -> str:
        sql = self._sql
        for start, end in sorted(self._blanks, reverse=True):
            sql = sql[:start] + " " + sql[end:]
        return sql


_FAMILIES_TEXT = """
    smallint smallint int2 smallint integer integer int integer int4 integer bigint bigint int8 bigint
    decimal decimal numeric decimal real float float4 float double float float8 float float float
    boolean boolean bool boolean char char character char nchar char bpchar char
    varchar varchar nvarchar varchar text varchar date moment timestamp moment timestamptz moment super super
"""
_WORDS = _FAMILIES_TEXT.split()
_FAMILIES = dict(zip(_WORDS[::2], _WORDS[1::2], strict=True))
"""Family of each type that the table of encodings tells apart; CHARACTER VARYING goes with CHAR."""
_ALL_FAMILIES = frozenset(_FAMILIES.values())
_WHOLE = frozenset({"smallint", "integer", "bigint"})
_ORDERED = _WHOLE | {"decimal", "moment"}
_ENCODED = {
    "az64": _ORDERED,
    "bytedict": _ALL_FAMILIES - {"boolean", "super"},
    "delta": _ORDERED,
    "delta32k": _ORDERED - {"smallint"},
    "lzo": _ALL_FAMILIES - {"boolean", "float"},
    "mostly8": _WHOLE | {"decimal"},
    "mostly16": frozenset({"integer", "bigint", "decimal"}),
    "mostly32": frozenset({"bigint", "decimal"}),
    "runlength": _ALL_FAMILIES - {"super"},
    "text255": frozenset({"varchar", "char"}),
    "text32k": frozenset({"varchar", "char"}),
}
"""Families that an encoding takes; those that are not named take every one."""
