"""Open one DuckDB database as a Redshift database, and sessions of it."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any

import duckdb

from localaws.redshift import system_views
from localaws.redshift.access import ADMINISTRATOR, AccessStore, Caller
from localaws.redshift.listings import Listing
from localaws.redshift.meaning import macros
from localaws.redshift.meaning.formats import functions as formats_of_engine
from localaws.redshift.session import Session, Shared


class Engine:
    """A database with a schema `public`; sessions are its cursors. Writers run one at a time, readers beside them."""

    def __init__(
        self,
        database: str,
        file: Path | None,
        s3: Callable[[], Any],
        roles: tuple[str, ...] = (),
    ) -> None:
        """Open a database.

        Args:
            database: its name.
            file: where it is kept; None keeps it in memory.
            s3: returns the S3 client of COPY and UNLOAD.
            roles: database roles that are there from the start.
        """
        self._database = database
        scratch = Path(tempfile.mkdtemp(dir=file.parent if file else None))
        self._shared = Shared(database, Lock(), s3, scratch, AccessStore(roles))
        self._connection = duckdb.connect(
            config={
                "autoinstall_known_extensions": False,
                "python_enable_replacements": False,
            }
        )
        self._connection.execute(
            f"ATTACH '{file or ':memory:'}' AS \"{database}\""
        )
        self._connection.execute(
            f'CREATE SCHEMA IF NOT EXISTS "{database}".public'
        )
        for name, function, types, kind in formats_of_engine():
            self._connection.create_function(name, function, types, kind)
        for definition in (*macros.DEFINITIONS, *system_views.DEFINITIONS):
            self._connection.execute(definition)
        # A statement of a client could read any file of this machine otherwise.
        self._connection.execute(f"SET allowed_directories = ['{scratch}/']")
        self._connection.execute("SET enable_external_access = false")

    def close(self) -> None:
        """Close the database; running statements fail."""
        self._connection.close()
        shutil.rmtree(self._shared.scratch, ignore_errors=True)

    @contextmanager
    def session(self, caller: Caller = ADMINISTRATOR) -> Iterator[Session]:
        """Open a session; what it has not committed is rolled back at its end."""
        session = self.open(caller)
        try:
            yield session
        finally:
            session.close()

    def open(self, caller: Caller, is_kept: bool = False) -> Session:
        """Open a session with search path `public` and UTC; `is_kept` tells that several calls use it."""
        self._shared.access.connect(caller.user)
        cursor = self._connection.cursor()
        cursor.execute(
            f"SET search_path = '{self._database}.public,{macros.SCHEMA}'"
        )
        cursor.execute("SET TimeZone = 'UTC'")
        cursor.execute(
            "SET integer_division = true"
        )  # as in Redshift: 1 / 2 is 0
        user = caller.user.replace("'", "''")
        cursor.execute(f"SET VARIABLE rs_user = '{user}'")
        return Session(cursor, self._shared, caller, is_kept)

    @contextmanager
    def listing(self) -> Iterator[Listing]:
        """Open a list of what there is in the database."""
        cursor = self._connection.cursor()
        try:
            yield Listing(cursor, self._database)
        finally:
            cursor.close()
