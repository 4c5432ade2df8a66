"""A scoring API of the shop, whose leads come from three sources."""

import numpy as np
import pandas as pd
import pytest
import yaml

from include.api.one_lead import making
from include.asof.in_duckdb import count_rate
from include.contract import load_contract
from include.lake.errors import ObjectMissingError
from include.settings import settings
from include.unify.published import Published
from include.unify.unify import unify
from tests.include.unify.helpers import (
    SHOP,
    call,
    compute,
    micros,
    order,
    person,
    table,
)


@pytest.fixture
def contract(tmp_path, monkeypatch):
    path = tmp_path / "shop.yaml"
    path.write_text(yaml.safe_dump(SHOP))
    monkeypatch.setenv("LEADS_CONTRACT", str(path))
    settings.cache_clear()
    yield load_contract(str(path))
    settings.cache_clear()


@pytest.fixture
def accounts():
    random = np.random.default_rng(0)
    visits = random.integers(0, 9, 300)
    rate = random.random(300)
    days = random.random(300) * 20
    chance = 1 / (1 + np.exp(4 - visits / 2 - 3 * rate + days / 9))
    return pd.DataFrame(
        {
            "id": [f"a{number}" for number in range(300)],
            "made": "2024-02-28T12:00:00Z",
            "area": random.choice(["north", "south"], 300),
            "size": random.integers(1, 9, 300).astype(float),
            "revenue": np.nan,
            "visits": visits.astype(float),
            "days_since_visit": days,
            "area_rate": rate,
            "bought": (random.random(300) < chance).astype(int),
        }
    )


@pytest.fixture
def batch(contract):
    """A run over a few leads: one bought, one not, and one is open."""
    people = [person("b", 0), person("c", 1), person("a", 2)]
    calls = [
        call(3, "a@example.com"),
        call(4, "a@example.com", "visit", row="4"),
        call(5, "a@example.com", "call"),
        call(6, "a@example.com"),
    ]
    orders = [order(3, "b@example.com"), order(4, "c@example.com", 0)]
    rows = {"people": people, "calls": calls, "orders": orders}
    tables = {name: table(name, entries) for name, entries in rows.items()}
    return unify(contract, tables, compute, micros(9), count_rate=count_rate)


@pytest.fixture
def published(batch, monkeypatch):
    """What that run published, without a store."""
    result = Published("load", batch.as_of, batch.rates)
    monkeypatch.setattr(making, "read_published", lambda layout: result)
    return result


@pytest.fixture
def nothing_published(monkeypatch):
    def read(layout):
        raise ObjectMissingError(layout.published)

    monkeypatch.setattr(making, "read_published", read)
