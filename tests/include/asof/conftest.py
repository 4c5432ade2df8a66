"""Declares features in YAML and computes them from small tables that are written by hand."""

from collections.abc import Callable, Mapping, Sequence

import pandas as pd
import pytest
import yaml
from pydantic import TypeAdapter

from include.asof.in_duckdb import compute_features, open_engine
from include.asof.inputs import Inputs
from include.contract.format.features import Feature, Features

Row = Sequence[object]
MOMENT = "2024-03-10 12:00"


def declare(text: str) -> tuple[Feature, ...]:
    """Reads the list below `features:`; a label and a sentence are added where the test does not care."""
    entries = yaml.safe_load(text)
    for entry in entries:
        entry.setdefault("label", entry.get("name", ""))
        entry.setdefault("reason", {"value": "it is {value}", "zero": "none"})
    return TypeAdapter(Features).validate_python(entries)


def events(rows: Sequence[Row], *columns: str) -> pd.DataFrame:
    """Rows of lead, when it occurred, when it arrived (None: at once) and further columns."""
    names = ["lead_key", "occurred_at", "arrived_at", *columns]
    frame = pd.DataFrame(list(rows), columns=names)
    frame["arrived_at"] = frame["arrived_at"].where(
        frame["arrived_at"].notna(), frame["occurred_at"]
    )
    for name in ("occurred_at", "arrived_at"):
        frame[name] = pd.to_datetime(frame[name], format="ISO8601")
    return frame


def leads(*rows: Row) -> pd.DataFrame:
    """Rows of lead, stage, moment and creation."""
    names = ["lead_key", "stage", "moment", "created_at"]
    frame = pd.DataFrame(list(rows), columns=names)
    for name in ("moment", "created_at"):
        frame[name] = pd.to_datetime(frame[name], format="ISO8601")
    return frame


@pytest.fixture
def one_lead() -> pd.DataFrame:
    return leads(("a", "contact", MOMENT, "2024-03-01 12:00"))


@pytest.fixture(scope="session")
def engine():
    with open_engine() as engine:
        yield engine


@pytest.fixture
def compute(engine, one_lead: pd.DataFrame) -> Callable[..., list[object]]:
    """Computes the first feature for each row of the leads, missing as None."""

    def run(
        text: str,
        sources: Mapping[str, pd.DataFrame],
        rows: pd.DataFrame | None = None,
        **outcomes: pd.DataFrame,
    ) -> list[object]:
        asked = one_lead if rows is None else rows
        features = declare(text)
        frame = compute_features(
            features, Inputs(asked, sources, outcomes), engine
        )
        values = frame[features[0].name]
        return [None if pd.isna(value) else value for value in values]

    return run
