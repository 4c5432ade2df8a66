"""Null tokens of a snapshot's leads, counted in the raw files: the warehouse holds such cells as missing already."""

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
    """Null tokens in the raw files.

    Attributes:
        leads: leads of the snapshot that a raw file still holds.
        counts: cells per field and token, shape (fields, tokens).
    """

    leads: int
    counts: pd.DataFrame


def source_tokens(keys: pd.Series, layout: Layout) -> SourceTokens:
    """Counts of the leads `keys` in the CSV files under the raw folder; of several rows of a lead the last one counts.

    Files that were archived or cannot be read as CSV are left out, which `leads` shows.

    Raises:
        ObjectMissingError: there is no bucket.
    """
    wanted = set(keys.astype(str).str.strip())
    parts = [_raw_leads(uri, layout.contract) for uri in list_objects(layout.raw) if uri.lower().endswith(".csv")]
    empty = pd.DataFrame(columns=list(layout.contract.fields), dtype=object)
    rows = pd.concat([empty, *(part[part[layout.contract.key].str.strip().isin(wanted)] for part in parts)])
    rows = rows.drop_duplicates(layout.contract.key, keep="last")
    return SourceTokens(len(rows), count_tokens(rows, layout.contract))


def _raw_leads(uri: str, contract: Contract) -> pd.DataFrame:
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
    rows = rows.rename(columns=lambda name: fields.get(str(name).strip(), str(name)))
    texts: pd.DataFrame = rows.reindex(columns=list(contract.fields)).astype(object).fillna("")
    return texts
