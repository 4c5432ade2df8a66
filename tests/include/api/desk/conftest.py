"""A desk with a published list, an API around it and somebody logged in."""

import json

import pandas as pd
import pytest
from flask import g

from include.api.app import create_app
from include.api.desk.publish import publish
from include.lake.frames import write_parquet
from include.lake.layout import Layout
from include.settings import settings

SCORED_AT = pd.Timestamp("2026-02-01 05:00", tz="UTC").to_pydatetime()
HOSTILE = "<script>alert('x')</script>"


def _rows(accounts: pd.DataFrame, leads: int) -> pd.DataFrame:
    """Rows as unload_desk.sql gives them: the first lead is the best, every fifth one is new in the list."""
    rows = accounts.head(leads)
    score = [max(0, 99 - number) for number in range(leads)]
    told = [
        {
            "field": "minutes",
            "effect": 0.5,
            "text": "minutes: 90 raises the score",
        },
        {
            "field": "remark",
            "effect": -0.2,
            "text": f"remark: {HOSTILE} lowers the score",
        },
    ]
    return pd.DataFrame({
        "account": rows["account"],
        "previous_score": [None if number % 5 == 0 else value - 3 + number % 7 for number, value in enumerate(score)],
        "score": score,
        "probability": [1 - number / 100 for number in range(leads)],
        "tier": ["A" if value >= 80 else "B" for value in score],
        "stage": "capture",
        "model_version": "3",
        "reasons": json.dumps(told),
        "channel": rows["channel"],
        "region": rows["region"],
    }).sample(frac=1, random_state=0)  # fmt: skip


@pytest.fixture
def desk_rows(accounts):
    """The maker of the rows of a list of so many leads."""
    return lambda leads: _rows(accounts, leads)


@pytest.fixture
def published(layout: Layout, desk_rows) -> pd.DataFrame:
    """The list of the desk, in the lake."""
    rows = desk_rows(60)
    write_parquet(rows, layout.desk("r1") + "0000_part_00.parquet")
    publish("r1", layout, SCORED_AT)
    return rows


@pytest.fixture
def app(layout, serving_champions, monkeypatch, fresh_settings):
    """The API with both stages' champions; Asha is logged in."""
    monkeypatch.setenv("LEADS_API_AUTH", "off")
    fresh_settings()
    made = create_app(settings(), serving_champions)
    made.before_request(lambda: setattr(g, "rep", "asha"))
    return made


@pytest.fixture
def client(app):
    return app.test_client()
