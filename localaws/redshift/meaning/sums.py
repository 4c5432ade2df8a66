"""Give SUM and AVG the types that Redshift gives them."""

from sqlglot import exp

from localaws.redshift.meaning.kinds import WHOLE
from localaws.redshift.meaning.text import call


def rewrite_sum(node: exp.Expression, kind: str) -> exp.Expression:
    """Return SUM or AVG, with its window if it has one, in Redshift's type; any other node as it is.

    `kind` is the type of what is summed. SUM and AVG of SMALLINT and INTEGER are BIGINT, of BIGINT are NUMERIC; AVG of
    whole numbers drops the fraction.
    Source: https://docs.aws.amazon.com/redshift/latest/dg/r_SUM.html and r_AVG.html
    """
    aggregate = node.this if isinstance(node, exp.Window) else node
    if isinstance(node, exp.Sum | exp.Avg) and isinstance(
        node.parent, exp.Window
    ):
        return node
    if not isinstance(aggregate, exp.Sum | exp.Avg):
        return node
    if kind not in WHOLE:
        return node
    target = "DECIMAL(38, 0)" if kind == "BIGINT" else "BIGINT"
    if isinstance(aggregate, exp.Sum):
        return exp.cast(node.copy(), target, dialect="duckdb")
    total = _with(node, exp.Sum(this=aggregate.this.copy()))
    number = _with(node, exp.Count(this=aggregate.this.copy()))
    return exp.cast(call("rs_average", total, number), target, dialect="duckdb")


def _with(node: exp.Expression, aggregate: exp.Expression) -> exp.Expression:
    """Return an aggregate with the window of a node."""
    if not isinstance(node, exp.Window):
        return aggregate
    window = node.copy()
    window.set("this", aggregate)
    return window
