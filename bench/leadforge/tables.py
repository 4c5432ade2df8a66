"""Draw leads of leadforge, and write them as the files of several systems."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from include.contract import Contract, load_contract

RECIPE = "b2b_saas_procurement_v1"
TIER = "intermediate"
LEADS = 5000
ACCOUNTS = 1500
CONTACTS = 4200
MOMENT_DAYS = 30
MATURE = pd.Timedelta(days=90)
PLANTED = ("current_stage", "is_sql", "total_touches_all")
"""Columns of a lead that hold what was so on day 90."""


@dataclass(frozen=True)
class Drawn:
    """What leadforge has drawn.

    Attributes:
        bundle: of leadforge; `save` writes its files, and its split of the leads.
        tables: name to all rows of 90 days.
        snapshot: one row for each lead as leadforge itself reads it on day 30, without the noise that it adds.
    """

    bundle: Any
    tables: Mapping[str, pd.DataFrame]
    snapshot: pd.DataFrame


def leadforge_contract() -> Contract:
    """Return the contract of these leads."""
    return load_contract(str(Path(__file__).with_name("leadforge.yaml")))


def draw(leads: int, seed: int, **sizes: int) -> Drawn:
    """Draw leads with leadforge.

    Args:
        leads: number of them.
        seed: of leadforge.
        sizes: `n_accounts` and `n_contacts`.
    """
    from leadforge.api import Generator
    from leadforge.render.relational import to_dataframes
    from leadforge.render.snapshots import build_snapshot

    generator = Generator.from_recipe(RECIPE, seed=seed)
    bundle = generator.generate(n_leads=leads, difficulty=TIER, **sizes)
    result = bundle.simulation_result
    tables = to_dataframes(result, bundle.population)
    snapshot = build_snapshot(
        result, bundle.population, snapshot_day=MOMENT_DAYS
    )
    return Drawn(bundle, tables, snapshot)


def write_sources(
    folder: Path, tables: Mapping[str, pd.DataFrame], drawn: Drawn
) -> None:
    """Write a CSV file for each source of the contract.

    Args:
        folder: to be made.
        tables: rows to write, all of the drawing or some.
        drawn: which says what became of each lead.
    """
    opportunities = tables["opportunities"]
    lead_of = drawn.tables["opportunities"].set_index("opportunity_id")
    customers = tables["customers"]
    lead_ids = customers["opportunity_id"].map(lead_of["lead_id"])
    files = {
        "leads": _with_accounts(tables).merge(
            drawn.snapshot[["lead_id", "total_touches_all"]], on="lead_id"
        ),
        "touches": tables["touches"],
        "sessions": tables["sessions"],
        "sales_activities": tables["sales_activities"],
        "opportunities": opportunities,
        "closings": opportunities[opportunities["closed_at"].notna()],
        "customers": customers.assign(lead_id=lead_ids),
        "results": _results(drawn.tables["leads"]),
    }
    for name, rows in files.items():
        path = folder / name / "part.csv"
        path.parent.mkdir(parents=True)
        rows.to_csv(path, index=False)


def _with_accounts(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return the leads with the columns of their accounts and contacts, as a CRM exports them."""
    accounts = tables["accounts"].drop(columns="created_at")
    contacts = tables["contacts"].drop(columns=["created_at", "account_id"])
    leads = tables["leads"].merge(accounts, on="account_id")
    return leads.merge(contacts, on="contact_id")


def _results(leads: pd.DataFrame) -> pd.DataFrame:
    """Return what became of each lead, and when it was known: a failure after 90 days."""
    created = pd.to_datetime(leads["lead_created_at"])
    decided = pd.to_datetime(leads["conversion_timestamp"])
    rows = leads[["lead_id", "converted_within_90_days"]]
    days = decided.fillna(created + MATURE).dt.date
    return rows.assign(decided_at=days)
