"""Check a statement's tree: only nodes, and only options of nodes, that Redshift documents."""

from functools import lru_cache

import sqlglot
from sqlglot import exp

from localaws.redshift.errors import (
    RedshiftError,
    RedshiftSyntaxError,
    UnsupportedFeatureError,
)
from localaws.redshift.grammar.functions import FUNCTIONS
from localaws.redshift.grammar.types import check_type
from localaws.redshift.grammar.words import RESERVED

_PLAIN = (
    exp.Identifier, exp.Column, exp.Table, exp.TableAlias, exp.Alias, exp.Star, exp.Literal, exp.Boolean, exp.Null,
    exp.Paren, exp.Tuple, exp.Placeholder, exp.Var, exp.DataType, exp.DataTypeParam, exp.Interval, exp.IntervalSpan,
    exp.Dot, exp.Bracket, exp.Subquery, exp.Values, 
    exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.Neg, exp.Pow, exp.BitwiseAnd, exp.BitwiseOr, exp.BitwiseXor,
    exp.BitwiseNot, exp.BitwiseLeftShift, exp.BitwiseRightShift, exp.DPipe, exp.And, exp.Or, exp.Not, exp.EQ, exp.NEQ,
    exp.LT, exp.LTE, exp.GT, exp.GTE, exp.Is, exp.In,
    exp.Between, exp.Like, exp.ILike, exp.SimilarTo, exp.Escape, exp.RegexpLike, exp.Exists, exp.Any, exp.All,
    exp.Case, exp.If, exp.Cast, exp.TryCast, exp.AtTimeZone, exp.Distinct, exp.Window, exp.WindowSpec, exp.WithinGroup,
    exp.IgnoreNulls, exp.RespectNulls, exp.Order, exp.Ordered, exp.From, exp.Where, exp.Group, exp.Having, exp.Qualify,
    exp.Limit, exp.Offset, exp.Join, exp.With, exp.CTE, exp.Rollup, exp.Cube, exp.GroupingSets,
    exp.Select, exp.Union, exp.Except, exp.Intersect,
    exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.When, exp.Whens, exp.TruncateTable,
    exp.Create, exp.Drop, exp.Alter, exp.AlterColumn, exp.AlterRename, exp.RenameColumn, exp.AddConstraint,
    exp.Schema, exp.ColumnDef, exp.ColumnConstraint, exp.Constraint, exp.NotNullColumnConstraint,
    exp.DefaultColumnConstraint, exp.PrimaryKeyColumnConstraint, exp.UniqueColumnConstraint, exp.PrimaryKey,
    exp.IndexParameters, exp.ForeignKey, exp.Reference, exp.GeneratedAsIdentityColumnConstraint,
    exp.CollateColumnConstraint,
    exp.LikeProperty, exp.Properties, exp.TemporaryProperty, exp.Property, exp.SchemaCommentProperty,
    exp.CurrentUser, exp.CurrentDate, exp.CurrentTimestamp, exp.SessionUser, exp.TsOrDsAdd, exp.TsOrDsDiff,
    exp.JSONPath, exp.JSONPathRoot, exp.JSONPathKey, exp.JSONPathSubscript,
)  # fmt: skip
"""Nodes that stand for clauses, operators and definitions, whatever their arguments."""

_OPTIONS: dict[type[exp.Expression], str] = {
    exp.Select: "with_ distinct expressions from_ joins where group having qualify order limit offset kind",
    exp.Union: "with_ this expression distinct order limit offset",
    exp.Except: "with_ this expression distinct order limit offset",
    exp.Intersect: "with_ this expression distinct order limit offset",
    exp.Subquery: "this alias with_",
    exp.Table: "this db catalog alias joins",
    exp.TableAlias: "this columns",
    exp.Distinct: "expressions",
    exp.Group: "expressions rollup cube grouping_sets all",
    exp.Rollup: "expressions",
    exp.Cube: "expressions",
    exp.GroupingSets: "expressions",
    exp.Having: "this",
    exp.Qualify: "this",
    exp.Where: "this",
    exp.Order: "expressions",
    exp.Ordered: "this desc nulls_first",
    exp.Limit: "expression",
    exp.Offset: "expression",
    exp.From: "this",
    exp.Join: "this on using side kind method",
    exp.With: "expressions recursive",
    exp.CTE: "this alias",
    exp.Star: "except_",
    exp.In: "this expressions query",
    exp.Window: "this partition_by order spec over first",
    exp.WindowSpec: "kind start start_side end end_side",
    exp.Insert: "with_ this expression exists default is_function",
    exp.Update: "with_ this expressions from_ where",
    exp.Delete: "with_ this tables using where cluster",
    exp.Merge: "this using on whens",
    exp.When: "matched then source condition",
    exp.Values: "expressions alias",
    exp.TruncateTable: "expressions is_database exists",
    exp.Create: "this kind replace exists expression properties no_schema_binding unique refresh concurrently",
    exp.Drop: "this kind exists cascade expressions restrict tables",
    exp.Alter: "this kind actions exists",
    exp.AlterColumn: "this dtype drop",
    exp.RenameColumn: "this to",
    exp.ColumnDef: "this kind constraints",
    exp.ColumnConstraint: "kind",
    exp.Like: "this expression negate",
    exp.Between: "this low high",
    exp.ILike: "this expression negate",
    exp.Cast: "this to _type safe",
    exp.TryCast: "this to _type safe",
    exp.Literal: "this is_string",
    exp.Bracket: "this expressions offset safe",
    exp.IndexParameters: "",
    exp.Identifier: "this quoted",
    exp.Column: "this table db catalog",
    exp.Alias: "this alias",
    exp.GeneratedAsIdentityColumnConstraint: "this start increment",
}
"""Arguments that a node may have; others that are set are refused. Nodes that are not here may have any."""

_UNSUPPORTED: dict[str, str] = {
    "connect": "CONNECT BY",
    "pivots": "PIVOT",
}
"""Arguments that Redshift documents and local AWS has not."""
_REFUSED: dict[str, str] = {
    "returning": "RETURNING",
    "laterals": "LATERAL",
    "windows": "WINDOW",
    "into": "INTO",
    "sample": "TABLESAMPLE",
    "locks": "FOR",
    "conflict": "ON",
    "with_fill": "WITH",
    "hint": "/*+",
    "by_name": "BY",
    "overwrite": "OVERWRITE",
    "on": "ON",
    "ordinality": "ORDINALITY",
    "condition": "AND",
    "cluster": "CLUSTER",
    "nulls": "NULLS",
    "replace": "REPLACE",
    "rename": "RENAME",
    "when": "WHEN",
    "format": "FORMAT",
    "fields": "FIELDS",
    "limit": "LIMIT",
    "order": "ORDER",
    "identity": "RESTART",
    "percent": "PERCENT",
    "match_condition": "MATCH_CONDITION",
    "only": "ONLY",
    "exclude": "EXCLUDE",
}
"""What Redshift's parser stops at when one of these is set where it does not belong."""
_LONGEST_NAME = 127
_WORDS_OF_NODES: dict[type[exp.Expression], str] = {
    exp.Filter: "FILTER",
    exp.Lateral: "LATERAL",
    exp.Returning: "RETURNING",
    exp.Array: "[",
    exp.Lambda: "->",
    exp.NullSafeEQ: "DISTINCT",
    exp.NullSafeNEQ: "DISTINCT",
    exp.CheckColumnConstraint: "CHECK",
    exp.ComputedColumnConstraint: "GENERATED",
    exp.Kwarg: "=>",
    exp.PropertyEQ: ":=",
    exp.Fetch: "FETCH",
    exp.Command: "",
}


def check_nodes(tree: exp.Expression) -> None:
    """Refuse every node, option of a node, type and reserved name that is none of Redshift's.

    Raises:
        RedshiftError: in Redshift's words.
        UnsupportedFeatureError: Redshift documents it, local AWS has it not.
    """
    for node in tree.walk():
        if isinstance(node, exp.DataType):
            if not isinstance(node.parent, exp.ColumnDef):
                check_type(node)
        elif isinstance(node, exp.Identifier):
            _check_name(node)
        elif isinstance(node, exp.Func):
            _check_function(node)
        elif not isinstance(node, _PLAIN):
            _refuse(node)
        _check_options(node)


def _check_name(identifier: exp.Identifier) -> None:
    """Refuse a reserved word as a name, and names longer than 127 bytes.

    Source: https://docs.aws.amazon.com/redshift/latest/dg/r_names.html
    """
    name = identifier.name
    if name.upper() == "DEFAULT" and _is_assigned(identifier):
        return
    if name.lower() == "oid" and identifier.arg_key == "this":
        return  # a column of the system tables: see `queries`
    if not identifier.args.get("quoted") and name.lower() in RESERVED:
        raise RedshiftSyntaxError(name)
    if len(name.encode()) > _LONGEST_NAME:
        raise UnsupportedFeatureError(
            f"a name of more than {_LONGEST_NAME} bytes, which Redshift cuts"
        )
    if not name:
        raise RedshiftError('zero-length delimited identifier at or near """"')


def _is_assigned(identifier: exp.Identifier) -> bool:
    """Tell whether a name is the new value of a column in UPDATE … SET, where DEFAULT may stand."""
    column = identifier.parent
    assignment = column.parent if column is not None else None
    if not isinstance(assignment, exp.EQ):
        return False
    is_update = isinstance(assignment.parent, exp.Update)
    return is_update and assignment.expression is column


def _check_function(node: exp.Func) -> None:
    if isinstance(node, _PLAIN):
        return
    if isinstance(node, exp.Anonymous | exp.AnonymousAggFunc):
        function = FUNCTIONS.get(node.name.lower())
        if function is None:
            raise RedshiftError(
                f"function {node.name.lower()}() does not exist"
            )
        return
    if type(node) not in _function_classes():
        _refuse(node)


@lru_cache(maxsize=1)
def _function_classes() -> frozenset[type[exp.Expression]]:
    """Return the nodes that calls of documented functions are parsed to."""
    classes: set[type[exp.Expression]] = set()
    for function in FUNCTIONS.values():
        for number in range(function.least, min(function.most, 4) + 1):
            arguments = ", ".join(["a"] * number)
            try:
                call = sqlglot.parse_one(
                    f"{function.name}({arguments})", read="redshift"
                )
            except sqlglot.errors.SqlglotError:
                continue
            classes |= {
                type(node) for node in call.walk() if isinstance(node, exp.Func)
            }
    return frozenset(
        classes
        | {
            exp.Extract,
            exp.Trim,
            exp.StrPosition,
            exp.Convert,
            exp.ApproxDistinct,
        }
    )


def _check_options(node: exp.Expression) -> None:
    allowed = _OPTIONS.get(type(node))
    if allowed is None:
        return
    for key, value in node.args.items():
        if key in allowed.split() or not value:
            continue
        if key in _UNSUPPORTED:
            raise UnsupportedFeatureError(_UNSUPPORTED[key])
        raise RedshiftSyntaxError(_REFUSED.get(key, key.strip("_").upper()))


def _refuse(node: exp.Expression) -> None:
    word = _WORDS_OF_NODES.get(type(node))
    if isinstance(node, exp.Pivot):
        raise UnsupportedFeatureError("PIVOT and UNPIVOT")
    if not word:
        word = (
            node.sql("redshift").split("(")[0].strip()
            or type(node).__name__.upper()
        )
    raise RedshiftSyntaxError(word)
