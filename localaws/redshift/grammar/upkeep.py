"""Check VACUUM and ANALYZE, which have nothing to do here but name tables."""

from collections.abc import Sequence

from sqlglot import Token, exp

from localaws.redshift.catalog import Catalog
from localaws.redshift.errors import RedshiftError, RedshiftSyntaxError

_OPTIONS_TEXT = """
    full sort only delete reindex recluster to percent boost compression predicate columns all verbose comprows
"""
_OPTIONS = frozenset(_OPTIONS_TEXT.split())
"""Source: https://docs.aws.amazon.com/redshift/latest/dg/r_VACUUM_command.html and r_ANALYZE.html"""

_MOST_PERCENT = 100


def check_upkeep(tokens: Sequence[Token], catalog: Catalog) -> None:
    """Refuse an upkeep of a table or column that does not exist.

    Raises:
        RedshiftError: no such table, or more than one.
    """
    _check_threshold([token.text.lower() for token in tokens])
    words: list[str] = []
    columns: list[str] = []
    depth = 0
    for token in tokens[1:]:
        text = token.text.lower()
        depth += text == "("
        if depth and text not in ("(", ")", ","):
            columns.append(text)
        elif (
            not depth
            and not set(text.split()) <= _OPTIONS
            and not text.isdigit()
        ):
            words.append(text)
        depth -= text == ")"
    if not words:
        return
    if len(words) not in (1, 3) or (len(words) == 3 and words[1] != "."):
        raise RedshiftSyntaxError(words[1])
    schema = words[0] if len(words) == 3 else ""
    table = exp.table_(words[-1], db=schema or None)
    relation = catalog.relation(table)
    if relation is None:
        raise RedshiftError(f'relation "{"".join(words)}" does not exist')
    for name in columns:
        if name not in relation.columns:
            raise RedshiftError(
                f'column "{name}" of relation "{relation.name}" does not exist'
            )


def _check_threshold(words: list[str]) -> None:
    """Allow `TO n PERCENT` of 0 to 100."""
    for word, following in zip(words, words[1:], strict=False):
        is_number = word == "to" and following.isdigit()
        if is_number and int(following) > _MOST_PERCENT:
            raise RedshiftError(
                f"VACUUM TO {following} PERCENT: the threshold must be between 0 and {_MOST_PERCENT}"
            )
