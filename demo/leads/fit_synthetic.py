"""Derive `synthetic.yaml` from a real file: aggregate tables only, never a row.

Developers run it once per revision of the network below: `python -m demo.leads.fit_synthetic --leads Leads.csv`.
A table cell stands for at least `CELL` leads and a level in it for at least `LEVEL`; what is rarer falls back to the
table of fewer parents, or is left out. This module and the YAML know the columns of x_education because they make its
sample data (see `demo/leads/synthetic.py`).
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from demo.leads.tables import ROOT, Tables

CELL = 40
LEVEL = 5
PERIODS = 8
VENDOR_PERIODS = 40
DRIFTING_LEVEL = 60
DERIVED = ("Prospect ID", "Lead Number", "Page Views Per Visit")
"""Columns that `demo/leads/synthetic.py` makes of others."""

# column: parents (the first is the last to be given up). Names with an underscore are helpers, absent from the output.
NETWORK: dict[str, list[str]] = {
    "Converted": [],
    "Lead Origin": ["Converted"],
    "Lead Source": ["Lead Origin", "Converted"],
    "_web": ["Lead Source", "Converted", "Lead Origin"],
    "TotalVisits": ["_web", "Converted"],
    "Total Time Spent on Website": ["_web", "Converted", "Lead Source"],
    "_sessions": ["TotalVisits"],
    "Last Activity": ["Converted", "Lead Source", "_web"],
    "Last Notable Activity": ["Last Activity", "Converted", "_web"],
    "Do Not Email": ["Last Activity", "Converted"],
    "Tags": ["Converted", "Last Notable Activity", "Lead Origin"],
    "Lead Quality": ["Tags", "Converted"],
    "What is your current occupation": ["Tags", "Converted", "Lead Origin"],
    "What matters most to you in choosing a course": [
        "What is your current occupation",
        "Converted",
    ],
    "Lead Profile": [
        "What is your current occupation",
        "Converted",
        "Lead Quality",
    ],
    "_form": ["Lead Origin", "Converted", "What is your current occupation"],
    "Specialization": ["_form", "What is your current occupation", "Converted"],
    "Country": ["Lead Source", "_web"],
    "City": ["_form", "Country"],
    "How did you hear about X Education": [
        "_form",
        "What is your current occupation",
    ],
    "_vendor": [],
    "Asymmetrique Activity Score": ["_vendor", "Last Activity", "Converted"],
    "Asymmetrique Activity Index": ["_vendor", "Asymmetrique Activity Score"],
    "Asymmetrique Profile Score": ["_vendor", "_form", "Converted"],
    "Asymmetrique Profile Index": ["_vendor", "Asymmetrique Profile Score"],
    "A free copy of Mastering The Interview": ["Lead Source", "Lead Origin"],
}
STEADY = {
    "TotalVisits",
    "_sessions",
    "Asymmetrique Activity Index",
    "Asymmetrique Profile Index",
}
BINS: dict[str, list[int]] = {
    "TotalVisits": [*range(11), 11, 13, 16, 21, 31],
    "Total Time Spent on Website": [
        0,
        1,
        15,
        60,
        110,
        170,
        230,
        300,
        400,
        550,
        700,
        850,
        1000,
        1150,
        1300,
        1450,
        1650,
    ]
    + [1900, 2273],
}


def fit(leads: pd.DataFrame) -> dict[str, Any]:
    """Return the content of `synthetic.yaml` for `leads`: strings as in the CSV, one row a lead, any order."""
    leads = leads.sort_values(
        "Lead Number", key=lambda numbers: numbers.astype(int)
    )
    leads = leads.reset_index(drop=True)
    header = list(leads.columns)
    observed = _with_helpers(leads)
    independent = [
        name for name in header if name not in NETWORK and name not in DERIVED
    ]
    network = NETWORK | {name: [] for name in independent}
    tables = {
        name: _column(observed, name, parents)
        for name, parents in network.items()
    }
    gaps = leads["Lead Number"].astype(int).diff()
    return {
        "first_lead_number": 500000,
        "lead_number_step": round(float(gaps.mean()), 2),
        "columns": tables,
    }


def _with_helpers(leads: pd.DataFrame) -> pd.DataFrame:
    """Add the helper columns of the network, and put bins in place of numbers."""
    visits = pd.to_numeric(leads["TotalVisits"], errors="coerce")
    pages = pd.to_numeric(leads["Page Views Per Visit"], errors="coerce")
    web = pd.cut(
        visits, [-1, 0, 2, 5, 9999], labels=["none", "few", "some", "many"]
    )
    sessions = (visits / pages).round().clip(1, 8)
    specialization = leads["Specialization"]
    form = specialization.where(specialization.isin(["", "Select"]), "filled")
    has_vendor_score = leads["Asymmetrique Activity Score"] != ""
    bins = {name: _bins(leads[name], edges) for name, edges in BINS.items()}
    return leads.assign(
        _web=web.astype(object).fillna("").astype(str),
        _sessions=sessions.fillna(1).astype(int).astype(str),
        _form=form.replace("", "empty"),
        _vendor=has_vendor_score.map({True: "scored", False: "missing"}),
        **bins,
    )


def _bins(cells: pd.Series, edges: list[int]) -> pd.Series:
    """Return each number's bin `low:high` (high exclusive); numbers beyond the last edge stay in the last bin."""
    bounds = [*edges, edges[-1] * 2]
    labels = np.array(
        [f"{low}:{high}" for low, high in zip(bounds, bounds[1:], strict=False)]
    )
    numbers = pd.to_numeric(cells, errors="coerce")
    positions = np.searchsorted(bounds, numbers.fillna(0), side="right") - 1
    positions = np.clip(positions, 0, len(labels) - 1)
    bins = np.where(numbers.isna(), "", labels[positions])
    return pd.Series(bins, index=cells.index)


def _column(
    observed: pd.DataFrame, name: str, parents: list[str]
) -> dict[str, Any]:
    """Return a column's tables: one of all leads, then one of each cell of one parent, of two and so on."""
    periods = VENDOR_PERIODS if name == "_vendor" else PERIODS
    table = {ROOT: _shares(observed[name])}
    for depth in range(1, len(parents) + 1):
        key = observed[parents[:depth]].agg("|".join, axis=1)
        for cell, rows in observed.groupby(key, sort=True):
            shares = _shares(rows[name])
            if len(rows) >= CELL and shares:
                table[str(cell)] = shares
    column: dict[str, Any] = {"parents": parents, "table": table}
    if name not in STEADY and len(table[ROOT]) > 1:
        expected = Tables(name, column).shares_of_rows(observed)
        column["drift"] = _drift(observed[name], expected, periods)
    return column


def _shares(levels: "pd.Series[str]") -> dict[str, float]:
    counts = levels.value_counts().sort_index()
    shares = counts[counts >= LEVEL] / len(levels)
    return {
        str(level): round(float(share), 4) for level, share in shares.items()
    }


def _drift(
    levels: "pd.Series[str]", expected: pd.DataFrame, periods: int
) -> dict[str, list[float]]:
    """Return how much more often a level stands in each period than its parents explain (1 = as expected)."""
    period = np.arange(len(levels)) * periods // len(levels)
    drift = {}
    for level in expected.columns:
        counts = (levels == level).groupby(period).sum()
        expected_counts = expected[level].groupby(period).sum()
        if counts.sum() >= DRIFTING_LEVEL:
            ratios = (counts + 0.5) / (expected_counts + 0.5)
            drift[str(level)] = [round(float(ratio), 2) for ratio in ratios]
    return drift


def main() -> None:
    """Read the file named on the command line and write `synthetic.yaml` beside this module."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--leads",
        type=Path,
        required=True,
        help="a CSV with the columns of x_education",
    )
    leads = pd.read_csv(
        parser.parse_args().leads, dtype=str, keep_default_na=False
    )
    text = yaml.dump(
        fit(leads),
        sort_keys=False,
        width=120,
        allow_unicode=True,
        default_flow_style=None,
    )
    title = "# Made by `python -m demo.leads.fit_synthetic`: shares of levels, no rows (see synthetic.py).\n"
    Path(__file__).with_name("synthetic.yaml").write_text(
        title + text, encoding="utf-8"
    )


if __name__ == "__main__":
    main()
