"""Leads for the drift benchmark: a population, resamples of it of any size, and known changes of them."""

import json
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from bench._training import read_leads
from demo.leads.synthetic import write_synthetic
from include.contract import Contract, load_contract
from include.lake.columns import open_parquet
from include.lake.objects import LOCAL
from include.monitoring.columns.frames import (
    comparable_columns,
    monitored_columns,
)
from include.settings import settings
from include.training.data.snapshot import MANIFEST, digests

ROW_GROUP = 122_880
PARTS = 4
ARROW = {"integer": pa.int32(), "number": pa.float64()}
SWITCHED, COLUMNS = 0.002, 30


def population(path: str) -> pd.DataFrame:
    """The leads of a CSV, of the synthetic one where `path` is empty, with COLUMNS columns that vary.

    A column that is constant in the reference is not monitored, so the first switches that nobody uses are used by a
    few leads here.
    """
    contract, random = (
        load_contract(settings().contract),
        np.random.default_rng(0),
    )
    with tempfile.TemporaryDirectory() as folder:
        file = Path(path or f"{folder}/leads.csv")
        if not path:
            write_synthetic(file)
        leads = read_leads(file, contract)
    monitored = {column.field for column in monitored_columns(leads, contract)}
    unused = [
        one.field
        for one in comparable_columns(contract)
        if one.type == "yes_no" and one.field not in monitored
    ]
    for field in unused[: max(0, COLUMNS - len(monitored))]:
        leads[field] = np.where(
            random.random(len(leads)) < SWITCHED, "Yes", "No"
        )
    return leads


def resample(
    leads: pd.DataFrame, rows: int, random: np.random.Generator
) -> pd.DataFrame:
    """`rows` leads drawn with replacement; counts and times are scattered by a tenth, keys and clock are new."""
    contract = load_contract(settings().contract)
    drawn = leads.take(random.integers(0, len(leads), rows)).reset_index(
        drop=True
    )
    for column in contract.columns:
        if column.numeric and column.field not in (
            contract.label,
            contract.clock,
        ):
            scattered = drawn[column.field] * random.uniform(0.9, 1.1, rows)
            drawn[column.field] = (
                scattered.round() if column.type == "integer" else scattered
            )
    drawn[contract.clock] = np.arange(rows)
    drawn[contract.key] = [
        f"{high:016x}{low:016x}"
        for high, low in random.integers(0, 2**63, (rows, 2))
    ]
    return drawn


def new_channel(
    leads: pd.DataFrame, random: np.random.Generator
) -> pd.DataFrame:
    """A source channel that nobody knew brings 30 % of the leads."""
    return leads.assign(
        lead_source=leads["lead_source"].mask(
            random.random(len(leads)) < 0.3, "Podcast"
        )
    )


def longer_visits(
    leads: pd.DataFrame, random: np.random.Generator
) -> pd.DataFrame:
    """Everybody spends half as much time again on the website."""
    return leads.assign(
        total_time_spent_on_website=leads["total_time_spent_on_website"] * 1.5
    )


def other_countries(
    leads: pd.DataFrame, random: np.random.Generator
) -> pd.DataFrame:
    """A fifth of the leads comes from two other countries, one hitherto small and one hitherto rare."""
    moved, countries = (
        random.random(len(leads)) < 0.2,
        random.choice(["United Arab Emirates", "Kenya"], len(leads)),
    )
    return leads.assign(
        country=leads["country"].mask(
            moved, pd.Series(countries, index=leads.index)
        )
    )


CHANGES = {
    "new_channel": (new_channel, "lead_source"),
    "time_on_site": (longer_visits, "total_time_spent_on_website"),
    "country_mix": (other_countries, "country"),
}
"""Change and the one column that it moves."""


def scenario(leads: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    """Half of the columns changed, by anything between nothing and far over the threshold.

    Every other number is moved by a tenth of its spread, so that its score comes to lie at the threshold itself.
    """
    contract = load_contract(settings().contract)
    changed = leads.copy()
    for column in contract.columns:
        if column.field in contract.roles or random.random() < 0.5:
            continue
        values = changed[column.field]
        if column.numeric:
            at_threshold = values + 0.1 * values.std()
            moved = (
                at_threshold
                if random.random() < 0.5
                else values * random.uniform(0.8, 1.3)
            )
            changed[column.field] = (
                moved.round() if column.type == "integer" else moved
            )
        else:
            level = random.choice([*values.dropna().unique(), "a new level"])
            changed[column.field] = values.mask(
                random.random(len(values)) < random.uniform(0, 0.2), str(level)
            )
    return changed


def write_snapshot(leads: pd.DataFrame, folder: str) -> None:
    """Writes leads as UNLOAD does, in several parts, and the hashes of the manifest beside them."""
    contract = load_contract(settings().contract)
    table = pa.Table.from_pandas(
        leads, schema=_schema(contract), preserve_index=False
    ).replace_schema_metadata(None)
    Path(folder).mkdir()
    each = -(-len(leads) // PARTS)
    for part in range(PARTS):
        file = f"{folder}/{part:04d}_part_00.parquet"
        pq.write_table(
            table.slice(part * each, each), file, row_group_size=ROW_GROUP
        )
    manifest = digests(open_parquet(f"{LOCAL}{folder}/"))
    Path(folder, MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")


def _schema(contract: Contract) -> pa.Schema:
    return pa.schema(
        [
            (column.field, ARROW.get(column.type, pa.string()))
            for column in contract.columns
        ]
    )
