"""Functions that templates of tasks call: SQL of the warehouse, and text for Markdown."""

import re

from lifecycle.analyses import by_outcome
from lifecycle.names import Names, run_key

MARKDOWN = re.compile(r"([!-$&-+\--/:-@\[-^`{-~]|(?<![^\W_])_|_(?![^\W_]))")
"""Every sign that means something in Markdown; `_` inside a word, comma and percent sign mean nothing."""
BETWEEN = "\n\x1e\n"
"""Stands between two statements that one template gives; no statement holds it."""


def sql(name, **context):
    """Render the statement in include/warehouse/sql/<name>.sql; templates call it as `sql(...)`."""
    return Names().statements.render(name, **context)


def each_sql(name, **context):
    """Render a statement for each outcome of the contract; one that is the same for two outcomes stands once.

    Templates call it as `each_sql(...)` in place of `sql(...)`; lifecycle.warehouse tells the statements apart.
    """
    texts = [sql(name, **context)]
    for outcome in Names().further_outcomes:
        texts.append(Names(outcome).statements.render(name, **context))
    return BETWEEN.join(dict.fromkeys(texts))


def planned_sql(name, planned, run, since, until):
    """Render a statement about a stretch of time for each outcome of the contract, each with its own moments.

    Args:
        name: of the statement.
        planned: what `plan_window` returned.
        run: key of the run.
        since: key of the stretch's begin in a plan.
        until: key of its end.
    """
    texts = []
    for outcome, plan in by_outcome(planned).items():
        statements = Names(outcome).statements
        text = statements.render(
            name, run_id=run, since=plan[since], until=plan[until]
        )
        texts.append(text)
    return BETWEEN.join(texts)


def in_markdown(text):
    """Return the text on one line, so that Markdown shows it as it is: levels of leads may hold anything."""
    line = " ".join(str(text).split())
    return MARKDOWN.sub(r"\\\1", line)


MACROS = {
    "names": Names(),
    "run_key": run_key,
    "sql": sql,
    "each_sql": each_sql,
    "planned_sql": planned_sql,
    "in_markdown": in_markdown,
}
