"""Count the null tokens of a snapshot's leads in the raw files: the warehouse holds such cells as missing already."""

import logging
from dataclasses import dataclass
from io import BytesIO

import pandas as pd

from include.contract import Contract
from include.lake.layout import Layout
from include.lake.objects import list_objects, read_bytes
from include.reporting.eda_tables import count_tokens

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SourceTokens:
    """Hold the null tokens in the raw files.

    Attributes:
        leads: leads of the snapshot that a raw file still holds.
        counts: cells per field and token, shape (fields, tokens).
    """

    leads: int
    counts: pd.DataFrame


def source_tokens(keys: pd.Series, layout: Layout) -> SourceTokens:
    """Count the tokens of the leads `keys` in the CSV files under the raw folder.

    The last of several rows of a lead counts. Files that were archived or cannot be read as CSV are left out, which
    `leads` shows.

    Raises:
        ObjectMissingError: there is no bucket.
    """
    contract = layout.contract
    snapshot_keys = set(keys.astype(str).str.strip())
    parts = [pd.DataFrame(columns=list(contract.fields), dtype=object)]
    for uri in list_objects(layout.raw):
        if not uri.lower().endswith(".csv"):
            continue
        raw_leads = _raw_leads(uri, contract)
        in_snapshot = raw_leads[contract.key].str.strip().isin(snapshot_keys)
        parts.append(raw_leads[in_snapshot])
    rows = pd.concat(parts)
    rows = rows.drop_duplicates(contract.key, keep="last")
    return SourceTokens(len(rows), count_tokens(rows, contract))


def _raw_leads(uri: str, contract: Contract) -> pd.DataFrame:
    """Read a CSV file as text, with the contract's fields as columns; return no rows if it is no CSV."""
    fields = {column.name: column.field for column in contract.columns}
    try:
        rows = pd.read_csv(
            BytesIO(read_bytes(uri)),
            dtype=str,
            index_col=False,
            keep_default_na=False,
            encoding="utf-8-sig",
            encoding_errors="replace",
            on_bad_lines="skip",
        )
    except (pd.errors.EmptyDataError, pd.errors.ParserError) as error:
        log.warning("Left out %s: %s", uri, error)
        rows = pd.DataFrame()
    rows = rows.rename(
        columns=lambda name: fields.get(str(name).strip(), str(name))
    )
    rows = rows.reindex(columns=list(contract.fields))
    texts: pd.DataFrame = rows.astype(object).fillna("")
    return texts
