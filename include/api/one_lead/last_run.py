"""Find a lead among those that the last run published, in the Parquet file that it wrote."""

import threading
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb

from include.contract import Contract
from include.lake.errors import ObjectMissingError
from include.lake.layout import Layout
from include.lake.objects import download_file
from include.unify.errors import UnifyError
from include.unify.one_lead import microseconds_of
from include.unify.published import Published

AS_OF = "source_changed_at"
"""Column of the file that holds the run's moment."""
FILE = "leads.parquet"


class LastRun:
    """Hold the leads of the last run in a file of this process, which is fetched once for each run."""

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
            if self._load_id != load_id:
                fetched = path.with_suffix(".fetched")
                try:
                    download_file(self._layout.published_leads, fetched)
                except ObjectMissingError as error:
                    raise UnifyError(
                        f"the leads of the last run, {load_id}, are not there any more; run ingest_leads again, or "
                        "send the lead with its events"
                    ) from error
                # Who reads the former file at this moment reads it to its end.
                fetched.replace(path)
                self._load_id = load_id
        return path


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
