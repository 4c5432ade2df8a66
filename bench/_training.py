"""What the benchmarks of the training share: a CSV of leads as the snapshot of the warehouse would hold it."""

import argparse
import os
from pathlib import Path

import pandas as pd

from include.contract import Contract

DEFAULT = Path("../shared/data/Leads.csv")


def add_leads_argument(parser: argparse.ArgumentParser) -> None:
    """Adds --leads, by default LEADS_CSV or the file beside the checkout."""
    parser.add_argument(
        "--leads",
        type=Path,
        default=Path(os.environ.get("LEADS_CSV", DEFAULT)),
        help="CSV of leads",
    )


def read_leads(path: Path, contract: Contract) -> pd.DataFrame:
    """Contract fields as columns, missing cells as None, numbers as numbers."""
    if not path.exists():
        raise SystemExit(
            f"no real leads at {path}: name the file with --leads or LEADS_CSV"
        )
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    frame = frame.rename(
        columns={column.name: column.field for column in contract.columns}
    )[list(contract.fields)]
    frame = frame.mask(frame.isin(contract.null_tokens), None)
    numbers = [column.field for column in contract.columns if column.numeric]
    return frame.assign(**frame[numbers].apply(pd.to_numeric))
