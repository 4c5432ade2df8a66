"""What alerts say of a drift analysis: drift, and an outage of a feed."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lead_ops.alerts.alert import Message, Origin
from lead_ops.alerts.words import (
    among,
    as_number,
    count,
    figure,
    listed,
    mapping,
    one_line,
    percent,
    plural,
    sentence,
    text,
    texts,
)

WATCH = "monitor_drift"
"""DAG that looks for drift and does nothing about it."""
MASTER = "data_drift_redshift_retrain"
ROWS = "(rows)"
"""Stands for the whole window among the columns of an outage (include/monitoring)."""

Result = Mapping[str, Any]


def drift_detected(results: Sequence[Result], origin: Origin) -> Message:
    """Say what drifted since which champion, and whether a new model is trained for it."""
    result = _drifted(results[0]) if results else {}
    clauses = list(_clauses(result))
    happened = "; ".join(clauses) or "the drift analysis found drift"
    outcome = text(result, "outcome")
    if outcome:
        happened = f"of the outcome {outcome}: {happened}"
    return Message(
        sentence=sentence(happened),
        response=_response(result, origin),
        advice=_advice(result, origin),
        facts=_drift_facts(result),
    )


def _drifted(result: Result) -> Result:
    """Return the analysis that found drift: that of the main outcome, else the first one of another."""
    if result.get("verdict") == "drift":
        return result
    for outcome, analysis in mapping(result, "outcomes").items():
        if isinstance(analysis, Mapping) and analysis.get("verdict") == "drift":
            return {**analysis, "outcome": outcome}
    return result


def _clauses(result: Result) -> Iterator[str]:
    """Yield a clause for each thing that calls for a new model, the columns first."""
    triggers = texts(result, "triggers")
    columns = labels(result, "drifted_columns")
    if columns and ("data" in triggers or not triggers):
        yield f"{_columns_in_words(result, columns)} drifted{_since(result)}{among(columns)}"
    if "contract" in triggers:
        yield f"the contract has changed{_since(result)}{_change(result)}"
    if "prediction" in triggers:
        score = figure(result.get("prediction_score"))
        distance = f" (distance {score})" if score else ""
        yield f"the champion's scores on new leads have moved{distance}"
    if "performance" in triggers:
        yield f"the champion predicts worse than on its holdout{_loss(result)}"


def _columns_in_words(result: Result, columns: Sequence[str]) -> str:
    compared = as_number(result.get("compared_columns"))
    if compared:
        return f"{len(columns)} of {plural(int(compared), 'column')}"
    share = percent(result.get("drifted_share"))
    return plural(len(columns), "column") + (f" ({share})" if share else "")


def _since(result: Result) -> str:
    version = text(result, "champion_version")
    return f" since champion {version}" if version else ""


def _change(result: Result) -> str:
    """Return which columns the contract has gained and lost."""
    parts = []
    added = labels(result, "columns_added")
    removed = labels(result, "columns_removed")
    if added:
        parts.append(f"gained {listed(added)}")
    if removed:
        parts.append(f"lost {listed(removed)}")
    return f": it {' and '.join(parts)}" if parts else ""


def _loss(result: Result) -> str:
    """Return the figure that has become worse by most, and on how many leads."""
    losses = {}
    for name, value in mapping(result, "performance_loss").items():
        loss = as_number(value)
        if loss is not None:
            losses[one_line(name)] = loss
    if not losses:
        return ""
    worst = max(losses, key=lambda name: losses[name])
    leads = as_number(result.get("matured_rows"))
    on_leads = f" on {plural(int(leads), 'lead')}" if leads else ""
    return f": {worst} by {losses[worst]:.4f}{on_leads} whose outcome is final"


def _response(result: Result, origin: Origin) -> str:
    if origin.dag_name == WATCH:
        master = origin.sibling(MASTER)
        return f"Nothing was retrained: this watch only reports. {master} decides once a week."
    confirmation = text(result, "confirmation")
    because = f" ({confirmation})" if confirmation else ""
    if origin.forced:
        return "A new model is being trained, because the trigger form asked for one (force_retrain)."
    if result.get("confirmed") is False:
        return f"Nothing is retrained yet, because the drift is not confirmed{because}."
    return (
        f"A new model is being trained{because}. The gate compares it with the champion before it may serve; until "
        "then the champion serves."
    )


def _advice(result: Result, origin: Origin) -> str:
    look = "Look at the drifted columns on the drift page: a form, a campaign or a feed may have changed on purpose."
    if result.get("confirmed") is False or origin.dag_name == WATCH:
        master = origin.sibling(MASTER)
        return f"{look} To train a new model now, trigger {master} with force_retrain."
    return f"{look} You need not do anything: the gate's verdict follows."


def _drift_facts(result: Result) -> tuple[tuple[str, str], ...]:
    facts = [
        ("Drifted columns", ", ".join(labels(result, "drifted_columns"))),
        ("Share of columns that drifted", percent(result.get("drifted_share"))),
        (
            "Moved by the calendar, not counted",
            ", ".join(labels(result, "seasonal_columns")),
        ),
        *_rows(result),
        ("Spelling", _spelling(result)),
        ("Confirmation", text(result, "confirmation")),
    ]
    return tuple((name, value) for name, value in facts if value)


def _rows(result: Result) -> Iterator[tuple[str, str]]:
    """Yield the leads of both sides."""
    yield "Leads looked at", count(result.get("current_rows"))
    if result.get("reference_rows"):
        yield (
            "Leads that the champion learnt from",
            count(result.get("reference_rows")),
        )


def data_outage(results: Sequence[Result], origin: Origin) -> Message:
    """Say which feed looks broken, and that nothing is retrained on it."""
    result = results[0] if results else {}
    fields = texts(result, "outage_columns")
    columns = [label(result, field) for field in fields if field != ROWS]
    source = listed(columns) if columns else "the leads"
    return Message(
        sentence=sentence(_outage(result, fields)),
        response="Nothing was retrained and the champion stays: a gap in the data is no reason for a new model.",
        advice=f"Ask whoever delivers {source}. Once the feed is repaired, ingest the leads again; the next analysis "
        "looks at them anew.",
        facts=_outage_facts(result, fields),
    )


def _outage(result: Result, fields: Sequence[str]) -> str:
    """Say what is wrong with the whole window, else with the columns."""
    details = mapping(result, "outages")
    if ROWS in fields:
        return one_line(
            details.get(ROWS) or "far fewer leads arrived than expected"
        )
    columns = []
    for field in fields:
        detail = details.get(field)
        wrong = f" ({one_line(detail)})" if detail else ""
        columns.append(label(result, field) + wrong)
    if not columns:
        return "a feed looks broken"
    verb = "is" if len(columns) == 1 else "are"
    affected = f"{plural(len(columns), 'column')} {verb} affected"
    return f"a feed looks broken, {affected}{among(columns, shown=2)}"


def _outage_facts(
    result: Result, fields: Sequence[str]
) -> tuple[tuple[str, str], ...]:
    """Return what is wrong with each column, and the leads of both sides."""
    details = mapping(result, "outages")
    facts = []
    for field in fields:
        if field in details and field != ROWS:
            facts.append((label(result, field), one_line(details[field])))
    facts += [
        (name, value)
        for name, value in (*_rows(result), ("Spelling", _spelling(result)))
        if value
    ]
    return tuple(facts)


def _spelling(result: Result) -> str:
    """Name the columns in which levels are only written differently, without the levels; "" where there are none."""
    columns = []
    for field, rows in mapping(result, "spelling_rows").items():
        leads = as_number(rows)
        if leads:
            cells = plural(int(leads), "lead")
            columns.append(f"{label(result, field)} ({cells})")
    if not columns:
        return ""
    return f"{', '.join(columns)}: known levels written differently, not counted as drift"


def labels(result: Result, key: str) -> list[str]:
    """Return the columns under a key as a sales rep calls them."""
    return [label(result, field) for field in texts(result, key)]


def label(result: Result, field: str) -> str:
    """Return what a sales rep calls a column, its field where the result does not say."""
    return one_line(mapping(result, "column_labels").get(field) or field)
