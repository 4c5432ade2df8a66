"""Read the list of open leads that the desk shows from S3, and filter it."""

import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd
from botocore.exceptions import BotoCoreError, ClientError

from include.lake.errors import ObjectMissingError
from include.lake.layout import Layout
from include.lake.objects import read_bytes
from include.scoring.score_row import LISTED

UNREADABLE = (
    ObjectMissingError,
    ClientError,
    BotoCoreError,
    OSError,
    EOFError,
    ValueError,
    KeyError,
)
"""What S3 may do while an API runs, and what may lie there; gzip's errors are OSErrors and EOFErrors."""
NOT_KNOWN = "(not known)"
MOST_LEVELS = 100
"""Levels that a filter offers; a column of free text has one per lead."""
COLUMNS = LISTED


@dataclass(frozen=True)
class Listing:
    """Hold open leads, the best first.

    Attributes:
        leads: a row per lead: the contract's key, COLUMNS and the columns to filter by, missing cells NOT_KNOWN.
        scored_at: when the scoring run that published them ran; None before the first one.
    """

    leads: pd.DataFrame
    scored_at: datetime | None

    def levels(self, field: str) -> list[str]:
        """Return what a column can be filtered by, the most frequent first."""
        counts = self.leads[field].value_counts()
        levels = counts.index[:MOST_LEVELS]
        return [str(level) for level in levels]

    def where(self, filters: Mapping[str, str]) -> pd.DataFrame:
        """Return the leads with all of the values by column; an empty value takes any."""
        matches = pd.Series(True, index=self.leads.index)
        for field, value in filters.items():
            if value:
                matches &= self.leads[field] == value
        return self.leads[matches]


def read_listing(layout: Layout) -> Listing:
    """Return the list published last. Raises ObjectMissingError before the first one."""
    packed = read_bytes(layout.desk_list)
    content: dict[str, Any] = json.loads(gzip.decompress(packed))
    table = content["leads"]
    leads = pd.DataFrame(table["data"], columns=table["columns"])
    scored_at = datetime.fromisoformat(content["scored_at"])
    return Listing(leads, scored_at)
