"""Find a lead among those that the last run published, in the Parquet file that it wrote."""

import threading
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb

from include.contract import Contract
from include.lake.errors import ObjectMissingError
from include.lake.layout import Layout
from include.lake.objects import download_file, version_of
from include.unify.errors import UnifyError
from include.unify.one_lead import microseconds_of
from include.unify.published import Published

AS_OF = "source_changed_at"
"""Column of the file that holds the run's moment."""
FILE = "leads.parquet"
KEPT_SECONDS = 60
"""For so long a process answers from the file that it has, without asking whether a lead was erased from it."""


class LastRun:
    """Hold the leads of the last run in a file of this process, which is fetched again after it has changed."""

    def __init__(self, layout: Layout) -> None:
        """Prepare; nothing is fetched before the first lead is asked for."""
        self._layout = layout
        self._fields = [
            column.field
            for column in layout.contract.columns
            if column.field not in layout.contract.labels
        ]
        self._folder: TemporaryDirectory[str] | None = None
        self._load_id = ""
        self._version = ""
        self._asked_at = 0.0
        self._lock = threading.Lock()

    def find(
        self, published: Published, key: str
    ) -> tuple[dict[str, Any], int] | None:
        """Return field to value of a lead and the run's moment, None where the run has no such lead.

        Raises:
            UnifyError: the run's leads are not there any more.
        """
        path = self._fetched(published.load_id)
        names = ", ".join(f'"{field}"' for field in (*self._fields, AS_OF))
        query = f'SELECT {names} FROM read_parquet($1) WHERE "{self._layout.contract.key}" = $2 LIMIT 1'  # noqa: S608 - names of the contract
        with duckdb.connect(":memory:", config={"threads": 1}) as engine:
            rows = engine.execute(query, [str(path), key]).fetchall()
        if not rows:
            return None
        *values, as_of = rows[0]
        lead = dict(zip(self._fields, values, strict=True))
        return lead, microseconds_of(as_of)

    def _fetched(self, load_id: str) -> Path:
        """Return the file with the leads of a run."""
        with self._lock:
            if self._folder is None:
                self._folder = TemporaryDirectory(prefix="leads-last-run-")
            path = Path(self._folder.name, FILE)
            if self._is_current(load_id):
                return path
            fetched = path.with_suffix(".fetched")
            try:
                version = version_of(self._layout.published_leads)
                if (load_id, version) != (self._load_id, self._version):
                    download_file(self._layout.published_leads, fetched)
                    # Who reads the former file at this moment reads it to its end.
                    fetched.replace(path)
            except ObjectMissingError as error:
                raise UnifyError(
                    f"the leads of the last run, {load_id}, are not there any more; run ingest_leads again, or "
                    "send the lead with its events"
                ) from error
            self._load_id = load_id
            self._version = version
            self._asked_at = time.monotonic()
        return path

    def _is_current(self, load_id: str) -> bool:
        """Return whether the file that was fetched is of this run and was looked after a moment ago."""
        age = time.monotonic() - self._asked_at
        return self._load_id == load_id and age < KEPT_SECONDS


class NoLastRun:
    """Stand in where no run can be reached, as in an endpoint's container."""

    def __init__(self, contract: Contract) -> None:
        """Take what the answer names."""
        self._contract = contract

    def find(
        self, published: Published, key: str
    ) -> tuple[dict[str, Any], int] | None:
        """Raise UnifyError: this process reaches no store."""
        raise UnifyError(
            f"is an id, and this endpoint cannot reach what a run of {self._contract.contract} has published; send the "
            "lead with its events, or ask the scoring API"
        )
