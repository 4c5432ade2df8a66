"""Draw synthetic leads of the x_education contract: `python -m demo.leads.synthetic --rows 9240 --out leads.csv`.

They are sample data for that one contract, so this module and its tables know its columns; nothing else does. Each
lead is drawn from `synthetic.yaml`: aggregate shares of levels given the label, the period and a few other columns. So
marginals, missing cells, leakage (columns filled after the label was decided) and the outage of the vendor's scores are
those of the real file while no row of it is copied. `demo/leads/fit_synthetic.py` derived the tables.
"""

import argparse
import uuid
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import yaml

from demo.leads.tables import Tables
from include.contract import load_contract

CONTRACT = "x_education"
ROWS = 9240
SEED = 20


def synthetic_leads(rows: int = ROWS, seed: int = SEED) -> pd.DataFrame:
    """Draw leads in order of arrival: headers and text cells as in the real CSV, `Select` and empty cells too.

    Args:
        rows: How many leads. The file's eight periods are stretched over them, whatever their number.
        seed: The same seed and number give the same leads; another seed gives other leads with other ids.

    Returns:
        A frame of strings, one row a lead, columns in the order of the contract; `Lead Number` increases.
    """
    model = _model()
    rng = np.random.default_rng([seed, rows])
    leads = pd.DataFrame(index=pd.RangeIndex(rows))
    for name, content in model["columns"].items():
        leads[name] = Tables(name, content).draw(leads, rng)
    leads["Lead Number"] = _lead_numbers(model, rows, rng).astype(str)
    leads["Prospect ID"] = [
        str(uuid.UUID(bytes=rng.bytes(16), version=4)) for _ in range(rows)
    ]
    leads["TotalVisits"] = _within_bins(leads["TotalVisits"], rng)
    leads["Total Time Spent on Website"] = _within_bins(
        leads["Total Time Spent on Website"], rng
    )
    leads["Page Views Per Visit"] = _pages_per_visit(
        leads["TotalVisits"], leads["_sessions"]
    )
    # A column that is new in the contract has no table yet: its cells are empty.
    names = [column.name for column in load_contract(CONTRACT).columns]
    return leads.reindex(columns=names, fill_value="")


@lru_cache(maxsize=1)
def _model() -> dict[str, Any]:
    text = (
        Path(__file__).with_name("synthetic.yaml").read_text(encoding="utf-8")
    )
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    content: dict[str, Any] = yaml.load(text, Loader=loader)  # noqa: S506 - both are safe loaders
    return content


def _lead_numbers(
    model: dict[str, Any], rows: int, rng: np.random.Generator
) -> npt.NDArray[np.int64]:
    gaps = rng.geometric(1 / model["lead_number_step"], size=rows)
    return np.asarray(
        model["first_lead_number"] + np.cumsum(gaps), dtype=np.int64
    )


def _within_bins(
    bins: "pd.Series[str]", rng: np.random.Generator
) -> "pd.Series[str]":
    """Draw a whole number out of each bin `low:high` (high exclusive); an empty cell stays empty."""
    bounds = bins.str.extract(r"^(\d+):(\d+)$")
    bounds = bounds.fillna({0: 0, 1: 1}).astype(int)
    low = bounds[0].to_numpy(int)
    high = bounds[1].to_numpy(int)
    numbers = pd.Series(rng.integers(low, high).astype(str), index=bins.index)
    return bins.where(bins == "", numbers)


def _pages_per_visit(
    visits: "pd.Series[str]", sessions: "pd.Series[str]"
) -> list[str]:
    pages = pd.to_numeric(visits, errors="coerce").to_numpy(float)
    ratios = pages / sessions.to_numpy(int)
    return [_two_decimals(ratio) for ratio in ratios]


def _two_decimals(ratio: float) -> str:
    """Write a ratio as the real file does: `2.5`, not `2.50`; empty where there is none."""
    if np.isnan(ratio):
        return ""
    return f"{ratio:.2f}".rstrip("0").rstrip(".")


def write_synthetic(path: Path, rows: int = ROWS, seed: int = SEED) -> None:
    """Write synthetic leads as CSV with the line ends of the real file (CRLF)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    synthetic_leads(rows, seed).to_csv(path, index=False, lineterminator="\r\n")


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    write_synthetic(arguments.out, arguments.rows, arguments.seed)


if __name__ == "__main__":
    main()
