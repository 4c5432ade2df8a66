"""Rewrite a checked statement so that the engine reads it as Redshift does."""

from sqlglot import exp

from localaws.redshift.catalog import Catalog
from localaws.redshift.meaning.characters import (
    ignore_trailing_blanks,
    trim_characters,
)
from localaws.redshift.meaning.conditions import check_types
from localaws.redshift.meaning.decimals import rewrite_decimals
from localaws.redshift.meaning.functions import rewrite_function
from localaws.redshift.meaning.kinds import Kinds
from localaws.redshift.meaning.sums import rewrite_sum
from localaws.redshift.meaning.super_values import rewrite_paths
from localaws.redshift.meaning.text import rewrite_text


def apply_meaning(tree: exp.Expression, catalog: Catalog) -> None:
    """Change a tree in place.

    Raises:
        RedshiftError: Redshift refuses the types of an expression.
        UnsupportedFeatureError: the engine cannot give Redshift's result.
    """
    kinds = Kinds(catalog)
    check_types(tree, kinds, catalog)
    rewrite_paths(tree, kinds)
    rewrite_decimals(tree, kinds)
    trim_characters(tree, catalog)
    ignore_trailing_blanks(tree, kinds)
    nodes = list(tree.walk())
    # Types first: they are read off the tree as the client wrote it.
    inner = {
        id(node): kinds.of(node.this)
        for node in nodes
        if isinstance(node.args.get("this"), exp.Expression)
        and isinstance(node, exp.Func | exp.Cast | exp.EQ | exp.NEQ)
    }
    for node in nodes:
        if isinstance(node, exp.Anonymous) and node.expressions:
            inner[id(node)] = kinds.of(node.expressions[0])
    for node in reversed(nodes):
        kind = inner.get(id(node), "")
        if isinstance(node, exp.Window):
            kind = inner.get(id(node.this), "")
        for rewrite in (rewrite_text, rewrite_sum, rewrite_function):
            changed = rewrite(node, kind)
            if changed is not node:
                node.replace(changed)
                break
