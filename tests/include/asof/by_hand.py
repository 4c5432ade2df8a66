"""Compute a feature by loops over rows in Python: slow, and without a thought of SQL."""

from typing import Any

import pandas as pd

from include.asof.inputs import Inputs
from include.contract.format.features import Events, Feature, span_microseconds

Row = dict[str, Any]


def rows_of(frame: pd.DataFrame) -> list[Row]:
    """Rows as dicts, missing values as None."""
    return [
        {name: None if pd.isna(value) else value for name, value in row.items()}
        for row in frame.to_dict("records")
    ]


def known_rows(frame: pd.DataFrame, lead_key: str, moment: int) -> list[Row]:
    """Rows of a lead that had occurred and had arrived."""
    return [
        row
        for row in rows_of(frame)
        if row["lead_key"] == lead_key
        and row["occurred_at"] <= moment
        and row["arrived_at"] <= moment
    ]


def in_order(rows: list[Row], column: str | None = None) -> list[Row]:
    """Rows as they occurred; then as they arrived; then by a value, missing ones first."""

    def place(row: Row) -> tuple[Any, ...]:
        times = (row["occurred_at"], row["arrived_at"])
        value = row[column] if column else None
        return (*times, False) if value is None else (*times, True, value)

    return sorted(rows, key=place)


def fitting(rows: list[Row], events: Events) -> list[Row]:
    return [
        row
        for row in rows
        if all(row[name] in levels for name, levels in events.where.items())
    ]


def feature_by_hand(feature: Feature, lead: Any, inputs: Inputs) -> Any:
    """Value of a feature of a row of the leads, None where it is missing."""
    if feature.kind == "historical_rate":
        return rate_by_hand(feature, lead, inputs)
    if feature.kind == "value_as_it_was":
        return value_at(
            inputs.events[feature.of.source],
            lead.lead_key,
            lead.moment,
            feature.of.column,
        )
    column = getattr(feature, "column", None)
    rows = known_of(inputs, feature.events, lead, column)
    match feature.kind:
        case "first_value":
            values = [row[feature.column] for row in rows]
            return next((v for v in values if v is not None), None)
        case "last_value":
            values = [row[feature.column] for row in reversed(rows)]
            return next((v for v in values if v is not None), None)
        case "days_since_last":
            if not rows:
                return None
            return float(lead.moment - rows[-1]["occurred_at"]) / 86_400_000_000
        case "happened_within":
            return happened_by_hand(feature, rows, lead, inputs)
        case _:
            return counted_by_hand(feature, rows, lead, inputs)


def known_of(
    inputs: Inputs, events: Events, lead: Any, column: str | None = None
) -> list[Row]:
    rows = known_rows(inputs.events[events.source], lead.lead_key, lead.moment)
    return fitting(in_order(rows, column), events)


def start_by_hand(start: Any, lead: Any, inputs: Inputs) -> int | None:
    if start == "creation":
        return lead.created_at
    rows = known_of(inputs, start, lead)
    return rows[0]["occurred_at"] if rows else None


def counted_by_hand(
    feature: Any, rows: list[Row], lead: Any, inputs: Inputs
) -> Any:
    window = feature.window
    if window and window.before:
        earliest = lead.moment - span_microseconds(window.before)
        rows = [row for row in rows if row["occurred_at"] > earliest]
    elif window:
        start = start_by_hand(window.after, lead, inputs)
        if start is None:
            return None
        end = start + span_microseconds(window.first)
        rows = [row for row in rows if start <= row["occurred_at"] < end]
    if feature.kind == "count":
        return len(rows)
    values = [row[feature.column] for row in rows]
    values = [value for value in values if value is not None]
    return float(sum(values)) if feature.kind == "sum" else len(set(values))


def happened_by_hand(
    feature: Any, rows: list[Row], lead: Any, inputs: Inputs
) -> int | None:
    start = start_by_hand(feature.after, lead, inputs)
    if start is None:
        return None
    end = start + span_microseconds(feature.within)
    if any(start <= row["occurred_at"] <= end for row in rows):
        return 1
    return 0 if lead.moment > end else None


def value_at(
    frame: pd.DataFrame, lead_key: str, moment: int, column: str
) -> Any:
    rows = in_order(known_rows(frame, lead_key, moment), column)
    return rows[-1][column] if rows else None


def rate_by_hand(feature: Any, lead: Any, inputs: Inputs) -> float | None:
    history = inputs.events[feature.by.source]
    outcomes = inputs.outcomes[feature.outcome]
    level = value_at(history, lead.lead_key, lead.moment, feature.by.column)
    of_all: list[int] = []
    of_level: list[int] = []
    for other in sorted(set(outcomes["lead_key"].dropna())):
        if other == lead.lead_key:
            continue
        rows = in_order(known_rows(outcomes, other, lead.moment), "value")
        if not rows or rows[-1]["value"] is None:
            continue
        held = rows[-1]
        known_at = max(held["occurred_at"], held["arrived_at"])
        then = value_at(history, other, known_at, feature.by.column)
        of_all.append(held["value"])
        if level is not None and then == level:
            of_level.append(held["value"])
    if not of_all or not len(of_level) + feature.m:
        return None
    share = sum(of_all) / len(of_all)
    return (sum(of_level) + feature.m * share) / (len(of_level) + feature.m)
