"""Read UCI Bank Marketing as leads: the second real data set that decisions are judged on.

Source: S. Moro, P. Cortez and P. Rita, "A Data-Driven Approach to Predict the Success of Bank Telemarketing", Decision
Support Systems 62, 2014. The file is not part of the project; it lies in ../shared/data/ where it is at hand.
"""

from pathlib import Path

import pandas as pd

from include.contract import Contract, load_contract

HERE = Path(__file__).parent
FILE = HERE.parents[1] / "shared" / "data" / "bank-additional-full.csv.gz"


def bank_contract() -> Contract:
    """Return the contract of the file, without `duration`, which is known only after the outcome."""
    return load_contract(str(HERE / "_contracts" / "bank_marketing.yaml"))


def bank_leads(path: Path = FILE) -> pd.DataFrame:
    """Return all 41,188 rows in date order, contract fields as columns.

    Raises:
        FileNotFoundError: the file is not there.
    """
    contract = bank_contract()
    cells = pd.read_csv(path, sep=";", keep_default_na=False)
    names = {column.name: column.field for column in contract.columns}
    leads = cells.rename(columns=names)
    numbers = pd.RangeIndex(1, len(leads) + 1)
    leads[contract.clock] = numbers
    leads[contract.key] = numbers.astype(str)
    leads[contract.label] = (cells["y"] == "yes").astype("int64")
    texts = [
        column.field
        for column in contract.columns
        if column.type in ("category", "string")
    ]
    tokens = list(contract.null_tokens)
    leads[texts] = leads[texts].mask(leads[texts].isin(tokens), None)
    return leads[list(contract.fields)]
