"""The list of open leads that the desk shows: read from S3 now and then, and filtered."""

import gzip
import json
import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd
from botocore.exceptions import BotoCoreError, ClientError

from include.lake.errors import ObjectMissingError
from include.lake.layout import Layout
from include.lake.objects import read_bytes

log = logging.getLogger(__name__)

UNREADABLE = (ClientError, BotoCoreError, OSError, EOFError, ValueError, KeyError)
"""What S3 may do while an API runs, and what may lie there; gzip's errors are OSErrors and EOFErrors."""
NOT_KNOWN = "(not known)"
MOST_LEVELS = 100
"""Levels that a filter offers; a column of free text has one per lead."""
COLUMNS = ("score", "previous_score", "tier", "stage", "model_version", "reasons")


@dataclass(frozen=True)
class Listing:
    """Open leads, the best first.

    Attributes:
        leads: a row per lead: the contract's key, COLUMNS and the columns to filter by, missing cells NOT_KNOWN.
        scored_at: when the scoring run that published them ran; None before the first one.
    """

    leads: pd.DataFrame
    scored_at: datetime | None

    def levels(self, field: str) -> list[str]:
        """What a column can be filtered by, the most frequent first."""
        return [str(level) for level in self.leads[field].value_counts().index[:MOST_LEVELS]]

    def where(self, wanted: Mapping[str, str]) -> pd.DataFrame:
        """The leads with all of the wanted values by column; an empty value wants anything."""
        chosen = pd.Series(True, index=self.leads.index)
        for field, value in wanted.items():
            if value:
                chosen &= self.leads[field] == value
        return self.leads[chosen]


def read_listing(layout: Layout) -> Listing:
    """The list published last. Raises ObjectMissingError before the first one."""
    content: dict[str, Any] = json.loads(gzip.decompress(read_bytes(layout.desk_list)))
    leads = pd.DataFrame(content["leads"]["data"], columns=content["leads"]["columns"])
    return Listing(leads, datetime.fromisoformat(content["scored_at"]))


class Kept[T]:
    """What was read last, read anew after some seconds; while that fails, what was there before goes on."""

    def __init__(self, read: Callable[[], T], empty: T, seconds: float) -> None:
        """`empty` stands in until the first time that `read` succeeds."""
        self._read, self._value, self._seconds = read, empty, seconds
        self._due = 0.0
        self._lock = threading.Lock()

    def get(self) -> T:
        """The value; one thread at a time reads it anew, the others take what is there."""
        if time.monotonic() >= self._due and self._lock.acquire(blocking=not self._due):
            try:
                self._refresh()
            finally:
                self._lock.release()
        return self._value

    def _refresh(self) -> None:
        if time.monotonic() < self._due:
            return
        try:
            self._value = self._read()
        except ObjectMissingError:
            log.info("Nothing published yet for the lead desk")
        except UNREADABLE as error:
            log.warning("The lead desk goes on with what it has: %s", type(error).__name__)
        self._due = time.monotonic() + self._seconds
