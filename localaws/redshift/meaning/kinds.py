"""Infer the type of an expression, as far as its meaning depends on it."""

from dataclasses import dataclass

from sqlglot import exp

from localaws.redshift.catalog import Catalog
from localaws.redshift.grammar.queries import (
    common_table,
    output_names,
    sources,
)

_BOOLEAN = (
    exp.Boolean, exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.And, exp.Or, exp.Not, exp.Is, exp.In,
    exp.Between, exp.Like, exp.ILike, exp.SimilarTo, exp.Exists, exp.LogicalAnd, exp.LogicalOr,
)  # fmt: skip
_WHOLE = (
    exp.Count, exp.RowNumber, exp.Rank, exp.DenseRank, exp.Ntile, exp.DateDiff, exp.TsOrDsDiff,
)  # fmt: skip
_SHORT_WHOLE = (exp.Length, exp.StrPosition, exp.Ascii, exp.Extract)
_SAME = (
    exp.Paren, exp.Neg, exp.Max, exp.Min, exp.Abs, exp.AnyValue, exp.Lag, exp.Lead, exp.FirstValue, exp.LastValue,
    exp.Nullif, exp.Round, exp.Alias, exp.Window, exp.IgnoreNulls, exp.RespectNulls, exp.Distinct,
)  # fmt: skip
_READERS = (exp.Select, exp.Update, exp.Delete, exp.Merge)
_FIXED = (
    (_BOOLEAN, "BOOLEAN"),
    (_WHOLE, "BIGINT"),
    (_SHORT_WHOLE, "INTEGER"),
    ((exp.ParseJSON,), "JSON"),
    (
        (
            exp.CurrentTimestamp,
            exp.TimestampTrunc,
            exp.DateAdd,
            exp.TsOrDsAdd,
            exp.ConvertTimezone,
        ),
        "TIMESTAMP",
    ),
    ((exp.CurrentDate,), "DATE"),
)
"""Nodes whose type does not depend on what is in them."""
_NAMES = {
    "INT": "INTEGER",
    "DECIMAL": "DECIMAL",
    "FLOAT": "FLOAT",
    "DOUBLE": "DOUBLE",
    "TEXT": "VARCHAR",
    "NVARCHAR": "VARCHAR",
    "CHAR": "VARCHAR",
    "NCHAR": "VARCHAR",
    "BPCHAR": "VARCHAR",
    "SUPER": "JSON",
    "TIMESTAMPNTZ": "TIMESTAMP",
}
_OF_CALLS = {
    "json_extract": "JSON",
    "to_char": "VARCHAR",
    "to_date": "DATE",
    "to_timestamp": "TIMESTAMPTZ",
    "to_number": "DECIMAL",
    "add_months": "TIMESTAMP",
    "last_day": "DATE",
    "next_day": "DATE",
    "quote_ident": "VARCHAR",
    "regexp_count": "INTEGER",
    "strtol": "BIGINT",
}
"""Types of calls that sqlglot does not know."""
WHOLE = frozenset({"SMALLINT", "INTEGER", "BIGINT"})
_ORDER = ("SMALLINT", "INTEGER", "BIGINT", "DECIMAL", "FLOAT", "DOUBLE")


@dataclass(frozen=True)
class _Described:
    """A table or subquery that a query reads: its name, and names and declared types of its columns."""

    name: str
    columns: list[str]
    types: list[str]


class Kinds:
    """Infers engine types of expressions: of columns from the catalog, of the rest from what they are made of."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def of(self, node: exp.Expression) -> str:
        """Return the engine's name of a type without its lengths; empty where it is not known."""
        if isinstance(node, exp.Column):
            return self._of_column(node)
        if isinstance(node, exp.Literal):
            return _of_literal(node)
        if isinstance(node, exp.Cast):
            return kind_name(node.to)
        for classes, kind in _FIXED:
            if isinstance(node, classes):
                return kind
        if isinstance(node, exp.Anonymous):
            return _OF_CALLS.get(node.name.lower(), "")
        if isinstance(node, exp.Subquery):
            return self.of(node.this)
        if isinstance(node, exp.Select):
            return self.of(node.expressions[0])
        return self._of_compound(node)

    def _of_compound(self, node: exp.Expression) -> str:
        if isinstance(node, exp.Distinct):
            return self.of(node.expressions[0])
        if isinstance(node, _SAME):
            return self.of(node.this)
        if isinstance(node, exp.Sum):
            return _of_sum(self.of(node.this))
        if isinstance(node, exp.Avg):
            return _of_average(self.of(node.this))
        if isinstance(node, exp.Add | exp.Sub | exp.Mul | exp.Div | exp.Mod):
            return _widest(self.of(node.this), self.of(node.expression))
        if isinstance(node, exp.Coalesce | exp.Greatest | exp.Least):
            kinds = [self.of(part) for part in (node.this, *node.expressions)]
            return _common(kinds)
        if isinstance(node, exp.Case):
            kinds = [
                self.of(branch.args["true"]) for branch in node.args["ifs"]
            ]
            if node.args.get("default"):
                kinds.append(self.of(node.args["default"]))
            return _common(kinds)
        return ""

    def _of_column(self, column: exp.Column) -> str:
        query = column.find_ancestor(*_READERS)
        while query is not None:
            for source in self._sources(query):
                kind = self._in_source(source, column)
                if kind is not None:
                    return kind
            query = query.find_ancestor(*_READERS)
        return ""

    def _sources(self, query: exp.Expression) -> list[exp.Expression]:
        if isinstance(query, exp.Merge):
            return [query.this, query.args["using"]]
        has_target = isinstance(query, exp.Update | exp.Delete) and query.this
        targets = [query.this] if has_target else []
        return [*targets, *sources(query)]

    def declared_types(self, query: exp.Expression) -> list[str]:
        """Return the types of a query's columns as Redshift declares them; empty text where it is not known."""
        while isinstance(query, exp.Subquery | exp.SetOperation):
            query = query.this
        types: list[str] = []
        tables = [self._described(source) for source in self._sources(query)]
        for item in query.expressions:
            inner = item.this if isinstance(item, exp.Alias) else item
            if isinstance(inner, exp.Star):
                for table in tables:
                    types += table.types
            elif isinstance(inner, exp.Cast):
                types.append(inner.to.sql("redshift").lower())
            elif isinstance(inner, exp.Column):
                types.append(_declared_in(tables, inner))
            else:
                types.append("")
        return types

    def _described(self, source: exp.Expression) -> _Described:
        """Return what a query reads from, once: asked for each column, nested queries would take exponential time."""
        return _Described(
            source.alias_or_name.lower(),
            output_names(source, self._catalog),
            self._types_of_source(source),
        )

    def _types_of_source(self, source: exp.Expression) -> list[str]:
        is_table = (
            isinstance(source, exp.Table) and common_table(source) is None
        )
        relation = self._catalog.relation(source) if is_table else None
        query = (
            common_table(source) if isinstance(source, exp.Table) else source
        )
        if relation is None and isinstance(query, exp.Query):
            return self.declared_types(query)
        if relation is None:
            return [""] * len(output_names(source, self._catalog))
        return [
            column.declaration.type if column.declaration else ""
            for column in relation.columns.values()
        ]

    def declared_type(self, column: exp.Column) -> str:
        """Return the type of a column as Redshift declares it; empty where it is not known."""
        query = column.find_ancestor(*_READERS)
        near = self._sources(query) if query is not None else []
        return _declared_in(
            [self._described(source) for source in near], column
        )

    def origin(self, column: exp.Column) -> exp.Expression | None:
        """Return the expression in a subquery or common table that a column stands for; None if it is no such."""
        query = column.find_ancestor(*_READERS)
        name = column.name.lower()
        for source in self._sources(query) if query is not None else []:
            is_named = (
                not column.table
                or source.alias_or_name.lower() == column.table.lower()
            )
            names = output_names(source, self._catalog)
            inner = (
                common_table(source)
                if isinstance(source, exp.Table)
                else source
            )
            while isinstance(inner, exp.Subquery | exp.SetOperation):
                inner = inner.this
            if not is_named or name not in names:
                continue
            if isinstance(inner, exp.Select) and not inner.is_star:
                item: exp.Expression = inner.expressions[names.index(name)]
                return item.unalias()
        return None

    def _in_source(
        self, source: exp.Expression, column: exp.Column
    ) -> str | None:
        """Return the type of a column in a table or subquery; None if it has no such column."""
        if (
            column.table
            and source.alias_or_name.lower() != column.table.lower()
        ):
            return None
        name = column.name.lower()
        if isinstance(source, exp.Table):
            query = common_table(source)
            if query is not None:
                return self._in_query(query, name)
            relation = self._catalog.relation(source)
            if relation is None or name not in relation.columns:
                return None
            return relation.columns[name].engine_type.partition("(")[0]
        return self._in_query(source, name)

    def _in_query(self, query: exp.Expression, name: str) -> str | None:
        alias = query.args.get("alias")
        names = (
            [part.name.lower() for part in alias.columns]
            if isinstance(alias, exp.TableAlias)
            else []
        )
        while isinstance(query, exp.Subquery | exp.SetOperation):
            query = query.this
        if not isinstance(query, exp.Select):
            return None
        if name in names and len(names) == len(query.expressions):
            return self.of(query.expressions[names.index(name)])
        for item in query.expressions:
            if item.alias_or_name.lower() == name:
                return self.of(item)
            if isinstance(item, exp.Star):
                for source in sources(query):
                    kind = self._in_source(source, exp.column(name))
                    if kind is not None:
                        return kind
        return None


def _declared_in(tables: list[_Described], column: exp.Column) -> str:
    """Return the type of a column as its table declares it; empty where it is not known."""
    name = column.name.lower()
    for table in tables:
        is_named = not column.table or table.name == column.table.lower()
        if is_named and name in table.columns:
            return table.types[table.columns.index(name)]
    return ""


def kind_name(kind: exp.DataType) -> str:
    """Return the engine's name of a type without its lengths."""
    name = kind.this.name if isinstance(kind.this, exp.DataType.Type) else ""
    return _NAMES.get(name, name)


def _of_literal(node: exp.Literal) -> str:
    if node.is_string:
        return "VARCHAR"
    if node.name.isdigit():
        return "INTEGER" if int(node.name) < 2**31 else "BIGINT"
    return "DECIMAL"


def _of_sum(kind: str) -> str:
    """Return the type of SUM.

    Source: https://docs.aws.amazon.com/redshift/latest/dg/r_SUM.html
    """
    if kind in ("SMALLINT", "INTEGER"):
        return "BIGINT"
    return "DECIMAL" if kind == "BIGINT" else kind


def _of_average(kind: str) -> str:
    """Return the type of AVG.

    Source: https://docs.aws.amazon.com/redshift/latest/dg/r_AVG.html
    """
    return _of_sum(kind)


def _widest(left: str, right: str) -> str:
    if left not in _ORDER or right not in _ORDER:
        return ""
    return max(left, right, key=_ORDER.index)


def _common(kinds: list[str]) -> str:
    known = [kind for kind in kinds if kind and kind != "NULL"]
    if not known:
        return ""
    if all(kind in _ORDER for kind in known):
        return max(known, key=_ORDER.index)
    return known[0] if len(set(known)) == 1 else ""
