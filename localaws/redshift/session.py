"""Run one session's statements: alone, as a batch, or in a transaction that the client begins and ends."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

import duckdb
from botocore.exceptions import BotoCoreError, ClientError
from sqlglot import exp

from localaws.redshift import copy_unload
from localaws.redshift.access import (
    TEMPORARY,
    Access,
    AccessStore,
    Caller,
)
from localaws.redshift.access_changes import AccessChange, note_relation
from localaws.redshift.catalog import Catalog, Relation
from localaws.redshift.cells import ResultSet, result_set
from localaws.redshift.commands import CopyCommand, UnloadCommand
from localaws.redshift.dialect import Query, is_read_only, translate
from localaws.redshift.errors import (
    RedshiftError,
    SessionClosedError,
    UnsupportedFeatureError,
    from_engine,
)
from localaws.redshift.grants import read_access
from localaws.redshift.transactions import (
    TransactionCommand,
    check_block,
    read_transaction,
)
from localaws.redshift.uses import Use, check_uses

_MAX_RESULT_BYTES = 100 * 1024 * 1024  # the Data API's limit of one result
_WAIT_SECONDS = 0.1
_ABORTED = "current transaction is aborted, commands ignored until end of transaction block"
_ALONE = (
    "each statement has a transaction of its own here; use BatchExecuteStatement, or a session "
    "(SessionKeepAliveSeconds)"
)


@dataclass(frozen=True)
class Outcome:
    """What one statement did: rows returned or affected, and the result set of a query."""

    rows: int
    result: ResultSet | None = None


@dataclass(frozen=True)
class Shared:
    """What all sessions of an engine share."""

    database: str
    writer: Lock
    """Held by the one session that writes."""
    s3: Callable[[], Any]
    scratch: Path
    access: AccessStore


class Session:
    """One connection of one user; one thread at a time runs a statement (any may cancel it)."""

    def __init__(
        self,
        cursor: duckdb.DuckDBPyConnection,
        shared: Shared,
        caller: Caller,
        is_kept: bool = False,
    ) -> None:
        """Prepare a session.

        Args:
            cursor: the engine's connection.
            shared: what all sessions share.
            caller: the user.
            is_kept: True if it outlives its statement, so that BEGIN has a meaning.
        """
        self._cursor = cursor
        self._shared = shared
        self._caller = caller
        self._is_kept = is_kept
        self._is_cancelled = False
        self._ending = Lock()
        """Held to commit: an interrupt then would tell of a failure where the engine has committed."""
        self._is_open = False
        """The client has begun a transaction."""
        self._is_batch = False
        self._is_aborted = False
        self._is_read_only = False
        self._has_writer = False
        self._pending: Access | None = None

    def cancel(self) -> None:
        """Interrupt the running statement and refuse the next, until `renew`."""
        self._is_cancelled = True
        with self._ending:
            self._cursor.interrupt()

    def renew(self) -> None:
        """Take statements again, after one was cancelled."""
        self._is_cancelled = False

    def close(self) -> None:
        """End the session; what it has not committed is rolled back."""
        with suppress(duckdb.Error):
            self._rollback()
        self._cursor.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Run what is inside as one transaction, rolled back if it raises; one that the client began goes on in it."""
        self._take_writer()
        self._is_batch = True
        try:
            if not self._is_open:
                self._begin()
            if self._is_aborted:
                raise RedshiftError(_ABORTED)
            yield
            self._commit()
        except BaseException:
            self._rollback()
            raise
        finally:
            self._is_batch = False

    def run(
        self,
        sql: str,
        parameters: Mapping[str, str] | None = None,
        in_transaction: bool = False,
    ) -> Outcome:
        """Run one statement of Redshift.

        Args:
            sql: the statement.
            parameters: values of its `:name`.
            in_transaction: True inside `transaction`.

        Raises:
            SessionClosedError: the statement was cancelled.
            RedshiftError: it failed otherwise, with the engine's message.
        """
        try:
            with _in_redshifts_words():
                return self._run(sql, parameters, in_transaction)
        except RedshiftError:
            self._is_aborted = self._is_open
            raise

    def _run(
        self,
        sql: str,
        parameters: Mapping[str, str] | None,
        in_transaction: bool,
    ) -> Outcome:
        command = read_transaction(sql)
        if command:
            return self._control(command)
        if self._is_aborted:
            raise RedshiftError(_ABORTED)
        if in_transaction or self._is_open:
            check_block(sql)
        if in_transaction:
            return self._dispatch(sql, parameters)
        if self._is_open:
            if not self._is_read_only and not is_read_only(sql):
                self._take_writer()
            return self._dispatch(sql, parameters)
        if is_read_only(sql):
            return self._dispatch(sql, parameters)
        with self.transaction():
            return self._dispatch(sql, parameters)

    def _control(self, command: TransactionCommand) -> Outcome:
        """Begin or end a transaction; outside of one COMMIT and ROLLBACK do nothing, as on Redshift."""
        if self._is_batch:
            self._control_batch(command)
        elif not self._is_kept:
            raise RedshiftError(f"{command.action.upper()} alone: {_ALONE}")
        elif command.action == "begin":
            if not self._is_open:
                self._begin()
                self._is_open = True
            self._is_read_only = command.is_read_only
        elif self._is_open:
            self._end(command.action == "commit" and not self._is_aborted)
        return Outcome(0)

    def _control_batch(self, command: TransactionCommand) -> None:
        """End the transaction of a batch before its end: what follows is one more."""
        if command.action == "begin":
            self._is_read_only = command.is_read_only
            return
        if command.action == "commit":
            self._commit()
        else:
            self._rollback()
        self._take_writer()
        self._begin()

    def _take_writer(self) -> None:
        """Wait until no other session writes. Raises SessionClosedError if cancelled meanwhile."""
        while not self._has_writer:
            if self._is_cancelled:
                raise SessionClosedError
            self._has_writer = self._shared.writer.acquire(
                timeout=_WAIT_SECONDS
            )
        if self._pending is None:
            self._pending = self._shared.access.current

    def _begin(self) -> None:
        self._cursor.execute("BEGIN")
        self._is_aborted = False
        self._is_read_only = False

    def _end(self, is_success: bool) -> None:
        if is_success:
            self._commit()
        else:
            self._rollback()

    def _commit(self) -> None:
        """Commit what is not cancelled. Raises SessionClosedError otherwise."""
        with self._ending:
            if self._is_cancelled:
                raise SessionClosedError
            self._cursor.execute("COMMIT")
        if self._pending is not None:
            self._shared.access.commit(self._pending)
        self._leave()

    def _rollback(self) -> None:
        try:
            self._cursor.execute("ROLLBACK")
        except duckdb.TransactionException:
            pass  # the engine has done so itself, or nothing was begun
        finally:
            self._leave()

    def _leave(self) -> None:
        self._pending = None
        self._is_open = False
        self._is_aborted = False
        self._is_read_only = False
        if self._has_writer:
            self._has_writer = False
            self._shared.writer.release()

    @property
    def _access(self) -> Access:
        """The state that this session sees, with its own changes."""
        return self._pending or self._shared.access.current

    def _dispatch(
        self, sql: str, parameters: Mapping[str, str] | None
    ) -> Outcome:
        if self._is_cancelled:
            raise SessionClosedError
        command = read_access(sql)
        if command:
            self._require_writing()
            change = AccessChange(
                self._cursor, self._access, self._caller, self._shared.database
            )
            self._pending = change.apply(command)
            return Outcome(0)
        catalog = Catalog(self._cursor)
        statement = translate(sql, catalog, parameters)
        match statement:
            case CopyCommand():
                self._require_writing()
                self._check(_insertion(statement, catalog), catalog)
                return Outcome(self._copy(statement))
            case UnloadCommand():
                return Outcome(self._unload(statement, catalog))
            case Query():
                if not statement.returns_rows:
                    self._require_writing()
                return self._run_query(statement, catalog)

    def _require_writing(self) -> None:
        """Refuse a change in a transaction that was begun READ ONLY."""
        if self._is_read_only:
            raise RedshiftError("transaction is read-only")

    def _check(self, uses: tuple[Use, ...], catalog: Catalog) -> None:
        check_uses(uses, self._caller, self._access, catalog)

    def _copy(self, command: CopyCommand) -> int:
        shared = self._shared
        return copy_unload.copy(
            self._cursor, command, shared.s3(), shared.scratch
        )

    def _unload(self, command: UnloadCommand, catalog: Catalog) -> int:
        query = translate(command.query, catalog)
        if isinstance(query, Query):
            self._check(query.uses, catalog)
        shared = self._shared
        return copy_unload.unload(
            self._cursor, command, shared.s3(), shared.scratch
        )

    def _run_query(self, query: Query, catalog: Catalog) -> Outcome:
        self._check(query.uses, catalog)
        existing = None
        if query.creates is not None:
            existing = catalog.relation(query.creates)
        makes_schema = query.creates_schema and not catalog.has_schema(
            query.creates_schema
        )
        outcome = self._query(query)
        if query.creates is not None:
            self._note_owner(query.creates, existing)
        if makes_schema:
            notes = {"owner": self._caller.user}
            self._pending = self._access.with_schema(
                query.creates_schema, notes
            )
        if query.commits:
            self._commit_inside()
        return outcome

    def _commit_inside(self) -> None:
        """Commit as TRUNCATE does: a batch goes on in a new transaction, the client's own has ended."""
        is_batch = self._is_batch
        if is_batch or self._is_open:
            self._commit()
        if is_batch:
            self._take_writer()
            self._begin()

    def _note_owner(self, table: exp.Table, existing: Relation | None) -> None:
        """Keep whose a new table or view is; one that is replaced keeps its owner and grants."""
        relation = Catalog(self._cursor).relation(table)
        if relation is None or relation.schema == TEMPORARY:
            return
        notes: dict[str, Any] = {"owner": self._caller.user}
        if existing is not None and existing.schema == relation.schema:
            notes |= {
                name: value
                for name, value in existing.notes.items()
                if name != "reads"
            }
        notes |= relation.notes
        if notes != relation.notes:
            note_relation(self._cursor, relation, notes)

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
        result = result_set(description, rows, query.origins)
        if result.size > _MAX_RESULT_BYTES:
            raise RedshiftError(
                "Query result size exceeds the limit of 100 MB; use UNLOAD"
            )
        return Outcome(len(rows), result)


def _insertion(command: CopyCommand, catalog: Catalog) -> tuple[Use, ...]:
    """Return what COPY does with its table; nothing with one that is not there."""
    relation = catalog.relation(command.relation)
    return (Use("insert", relation),) if relation else ()


@contextmanager
def _in_redshifts_words() -> Iterator[None]:
    """Raise the engine's and S3's errors as Redshift's."""
    try:
        yield
    except duckdb.InterruptException as error:
        raise SessionClosedError from error
    except duckdb.Error as error:
        raise from_engine(error) from error
    except (ClientError, BotoCoreError) as error:
        raise RedshiftError(f"S3ServiceException:{error}") from error
    except RecursionError as error:
        raise RedshiftError("stack depth limit exceeded") from error


def _padded(row: tuple[Any, ...], widths: tuple[int, ...]) -> tuple[Any, ...]:
    """Return a row with its values of CHAR padded with blanks."""
    return tuple(
        value.ljust(width) if width and isinstance(value, str) else value
        for value, width in zip(row, widths, strict=True)
    )
