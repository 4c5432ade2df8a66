"""Run statements in one DuckDB database, alone or as a transaction."""

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import RLock
from typing import Any

import duckdb
from botocore.exceptions import BotoCoreError, ClientError

from localaws.redshift import copy_unload, system_views
from localaws.redshift.catalog import Catalog
from localaws.redshift.cells import ResultSet, result_set
from localaws.redshift.commands import CopyCommand, UnloadCommand
from localaws.redshift.dialect import Query, Statement, is_read_only, translate
from localaws.redshift.errors import (
    RedshiftError,
    SessionClosedError,
    UnsupportedFeatureError,
    from_engine,
)
from localaws.redshift.meaning import macros
from localaws.redshift.meaning.formats import functions as formats_of_engine

_MAX_RESULT_BYTES = 100 * 1024 * 1024  # the Data API's limit of one result


@dataclass(frozen=True)
class Outcome:
    """What one statement did: rows returned or affected, and the result set of a query."""

    rows: int
    result: ResultSet | None = None


class Engine:
    """A database with a schema `public`; sessions are its cursors. Writers run one at a time, readers beside them."""

    def __init__(
        self, database: str, file: Path | None, s3: Callable[[], Any]
    ) -> None:
        self._database = database
        self._s3 = s3
        self._scratch = Path(
            tempfile.mkdtemp(dir=file.parent if file else None)
        )
        self._writer = RLock()
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
        self._connection.execute(
            f"SET allowed_directories = ['{self._scratch}/']"
        )
        self._connection.execute("SET enable_external_access = false")

    def close(self) -> None:
        """Close the database; running statements fail."""
        self._connection.close()
        shutil.rmtree(self._scratch, ignore_errors=True)

    @contextmanager
    def session(self) -> Iterator["Session"]:
        """Open a session with search path `public` and UTC; what it has not committed is rolled back at its end."""
        cursor = self._connection.cursor()
        try:
            cursor.execute(
                f"SET search_path = '{self._database}.public,{macros.SCHEMA}'"
            )
            cursor.execute("SET TimeZone = 'UTC'")
            cursor.execute(
                "SET integer_division = true"
            )  # as in Redshift: 1 / 2 is 0
            yield Session(cursor, self._writer, self._s3, self._scratch)
        finally:
            cursor.close()


class Session:
    """One connection, used by one thread (but cancelled from any)."""

    def __init__(
        self,
        cursor: duckdb.DuckDBPyConnection,
        writer: RLock,
        s3: Callable[[], Any],
        scratch: Path,
    ) -> None:
        self._cursor = cursor
        self._writer = writer
        self._s3 = s3
        self._scratch = scratch
        self._cancelled = False

    def cancel(self) -> None:
        """Interrupt the running statement and refuse the next."""
        self._cancelled = True
        self._cursor.interrupt()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Run what is inside as one transaction, rolled back if it raises."""
        with self._writer:
            self._cursor.execute("BEGIN")
            try:
                yield
                self._cursor.execute("COMMIT")
            except BaseException:
                self._cursor.execute("ROLLBACK")
                raise

    def run(
        self,
        sql: str,
        parameters: Mapping[str, str] | None = None,
        in_transaction: bool = False,
    ) -> Outcome:
        """Run one statement of Redshift.

        Raises:
            SessionClosedError: the statement was cancelled.
            RedshiftError: it failed otherwise, with the engine's message.
        """
        try:
            if in_transaction or is_read_only(sql):
                return self._dispatch(sql, parameters, in_transaction)
            with self.transaction():
                return self._dispatch(sql, parameters, in_transaction)
        except duckdb.InterruptException as error:
            raise SessionClosedError from error
        except duckdb.Error as error:
            raise from_engine(error) from error
        except (ClientError, BotoCoreError) as error:
            raise RedshiftError(f"S3ServiceException:{error}") from error

    def _dispatch(
        self,
        sql: str,
        parameters: Mapping[str, str] | None,
        in_transaction: bool,
    ) -> Outcome:
        if self._cancelled:
            raise SessionClosedError
        statement: Statement = translate(sql, Catalog(self._cursor), parameters)
        match statement:
            case CopyCommand():
                return Outcome(
                    copy_unload.copy(
                        self._cursor, statement, self._s3(), self._scratch
                    )
                )
            case UnloadCommand():
                return Outcome(
                    copy_unload.unload(
                        self._cursor, statement, self._s3(), self._scratch
                    )
                )
            case Query():
                outcome = self._query(statement)
        if statement.commits and in_transaction:
            self._cursor.execute("COMMIT")
            self._cursor.execute("BEGIN")
        return outcome

    def _query(self, query: Query) -> Outcome:
        rows: list[tuple[Any, ...]] = []
        for sql in query.statements:
            rows = self._cursor.execute(sql).fetchall()
        if not query.returns_rows:
            has_count = rows and isinstance(rows[0][0], int)
            return Outcome(rows[0][0] if has_count else 0)
        if query.widths:
            rows = [_padded(row, query.widths) for row in rows]
        description = list(self._cursor.description or [])
        if any(str(column[1]) == "INTERVAL" for column in description):
            raise UnsupportedFeatureError("a result of type INTERVAL")
        result = result_set(description, rows)
        if result.size > _MAX_RESULT_BYTES:
            raise RedshiftError(
                "Query result size exceeds the limit of 100 MB; use UNLOAD"
            )
        return Outcome(len(rows), result)


def _padded(row: tuple[Any, ...], widths: tuple[int, ...]) -> tuple[Any, ...]:
    """Return a row with its values of CHAR padded with blanks."""
    return tuple(
        value.ljust(width) if width and isinstance(value, str) else value
        for value, width in zip(row, widths, strict=True)
    )
