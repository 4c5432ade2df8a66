"""Keep the statements of the Data API: submitted, run by a thread each, described, cancelled."""

import logging
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Lock, Thread
from typing import Any

from localaws.redshift.access import ADMINISTRATOR, Caller
from localaws.redshift.engine import Engine
from localaws.redshift.errors import RedshiftError, SessionClosedError
from localaws.redshift.kept_sessions import KeptSession, KeptSessions
from localaws.redshift.limits import parameters_of
from localaws.redshift.session import Outcome, Session
from localaws.roles import OWNER

log = logging.getLogger(__name__)

SUBMITTED = "SUBMITTED"
STARTED = "STARTED"
FINISHED = "FINISHED"
FAILED = "FAILED"
ABORTED = "ABORTED"
FINAL = (FINISHED, FAILED, ABORTED)
_INTERRUPT_SECONDS = 0.05


@dataclass
class Part:
    """One SQL text and how far it is."""

    id: str
    sql: str
    status: str = SUBMITTED
    error: str = ""
    outcome: Outcome | None = None
    created: float = field(default_factory=time.time)
    updated: float = field(default_factory=time.time)
    began: int = field(default_factory=time.perf_counter_ns)
    duration: int = 0

    def move(self, status: str, error: str = "") -> None:
        """Set the status; a final one is never left."""
        if self.status not in FINAL:
            self.duration = time.perf_counter_ns() - self.began
            self.error = error
            self.updated = time.time()
            self.status = status

    @property
    def has_result(self) -> bool:
        """Tell whether there is a result set, be it empty."""
        return self.outcome is not None and self.outcome.result is not None

    def describe(self) -> dict[str, Any]:
        """Return the members that statements and sub-statements have in common."""
        rows = -1
        size = -1
        if self.outcome:
            result = self.outcome.result
            rows = self.outcome.rows
            size = result.size if result else 0
        description = {
            "Id": self.id,
            "QueryString": self.sql,
            "Status": self.status,
            "CreatedAt": self.created,
            "UpdatedAt": self.updated,
            "Duration": self.duration,
            "HasResultSet": self.has_result,
            "ResultRows": rows,
            "ResultSize": size,
            "RedshiftQueryId": uuid.uuid5(uuid.NAMESPACE_OID, self.id).int
            % 1_000_000,
        }
        if self.error:
            description["Error"] = self.error
        return description


@dataclass
class Submission:
    """One ExecuteStatement or BatchExecuteStatement call."""

    sqls: list[str]
    batch: bool
    database: str
    workgroup: str
    """As the call gave it: a name or an ARN; empty where it gave a session."""
    name: str = ""
    parameters: list[dict[str, str]] = field(default_factory=list)
    secret: str = ""
    role: str = OWNER
    """IAM role that made the call."""
    caller: Caller = ADMINISTRATOR
    result_format: str = "JSON"
    commits_each: bool = False
    """The statements of a batch have a transaction each (ExecutionMode AUTO_COMMIT)."""
    kept: KeptSession | None = None
    """The session that lives on behind the statement."""
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    finished: Event = field(default_factory=Event)
    _session: Session | None = None
    """The session while the statement runs in it."""
    _is_cancelled: bool = False
    _lock: Lock = field(default_factory=Lock)
    """Held to change the session, so that nobody cancels the next statement of it."""

    def __post_init__(self) -> None:
        self.whole = Part(self.id, "" if self.batch else self.sqls[0])
        self.parts: list[Part] = []
        if self.batch:
            self.parts = [
                Part(f"{self.id}:{number}", sql)
                for number, sql in enumerate(self.sqls, 1)
            ]

    def start(self, engine: Engine, sessions: KeptSessions) -> None:
        """Run in a thread; the caller polls."""
        Thread(
            target=self._run,
            args=(engine, sessions),
            name=f"redshift-{self.id}",
            daemon=True,
        ).start()

    def fail(self, message: str) -> None:
        """Give up before anything ran."""
        self.whole.move(FAILED, message)
        self.finished.set()

    def cancel(self) -> None:
        """Stop: nothing of it stays, unless it is committed first; the status says which."""
        self._is_cancelled = True
        Thread(
            target=self._interrupt, name=f"cancel-{self.id}", daemon=True
        ).start()

    def _interrupt(self) -> None:
        """Interrupt until the statement has ended: the engine forgets an interrupt that comes between two steps."""
        while not self.finished.is_set():
            with self._lock:
                if self._session:
                    self._session.cancel()
            self.finished.wait(_INTERRUPT_SECONDS)

    @contextmanager
    def _used(self, session: Session) -> Iterator[None]:
        """Let `cancel` reach the session. Raises SessionClosedError where it came first."""
        with self._lock:
            if self._is_cancelled:
                raise SessionClosedError
            self._session = session
        try:
            yield
        finally:
            with self._lock:
                self._session = None

    def _run(self, engine: Engine, sessions: KeptSessions) -> None:
        self.whole.began = time.perf_counter_ns()
        try:
            with (
                self._open(engine, sessions) as session,
                self._used(session),
            ):
                self.whole.move(STARTED)
                self._run_parts(session)
            self._finish()
        except SessionClosedError as error:
            for part in (self.whole, *self.parts):
                part.move(ABORTED, str(error))
        except RedshiftError as error:
            self.whole.move(FAILED, str(error))
        except Exception as error:
            log.exception("statement %s", self.id)
            self.whole.move(FAILED, f"ERROR: local AWS failed: {error!r}")
        finally:
            self.finished.set()

    @contextmanager
    def _open(
        self, engine: Engine, sessions: KeptSessions
    ) -> Iterator[Session]:
        """Open a session for this call alone, or use the one that is kept."""
        if self.kept is None:
            with engine.session(self.caller) as session:
                yield session
            return
        try:
            yield self.kept.session
        finally:
            sessions.release(self.kept)

    def _finish(self) -> None:
        """End as the parts have: one that failed on its own fails the whole."""
        failed = [part for part in self.parts if part.status == FAILED]
        if failed:
            self.whole.move(FAILED, failed[0].error)
        else:
            self.whole.move(FINISHED)

    def _run_parts(self, session: Session) -> None:
        if not self.batch:
            values = parameters_of(self.whole.sql, self.parameters)
            self.whole.outcome = session.run(self.whole.sql, values)
        elif self.commits_each:
            self._run_each(session)
        else:
            self._run_together(session)

    def _run_together(self, session: Session) -> None:
        """Run the statements of a batch as one transaction."""
        with session.transaction():
            for place, part in enumerate(self.parts):
                try:
                    self._run_part(session, part, in_transaction=True)
                except RedshiftError:
                    for later in self.parts[place:]:
                        later.move(ABORTED)
                    raise
        self._sum_up()

    def _run_each(self, session: Session) -> None:
        """Run the statements of a batch one by one; one that fails does not keep the others from running."""
        for part in self.parts:
            try:
                self._run_part(session, part, in_transaction=False)
            except SessionClosedError:
                for later in self.parts:
                    later.move(ABORTED)
                raise
            except RedshiftError as error:
                log.info("statement %s failed: %s", part.id, error)
        self._sum_up()

    def _run_part(
        self, session: Session, part: Part, in_transaction: bool
    ) -> None:
        part.began = time.perf_counter_ns()
        part.move(STARTED)
        values = parameters_of(part.sql, self.parameters)
        try:
            part.outcome = session.run(part.sql, values, in_transaction)
        except SessionClosedError as error:
            part.move(ABORTED, str(error))
            raise
        except RedshiftError as error:
            part.move(FAILED, str(error))
            raise
        part.move(FINISHED)

    def _sum_up(self) -> None:
        """Give the batch the number of rows of its last statement."""
        last = self.parts[-1].outcome
        self.whole.outcome = Outcome(last.rows if last else 0)

    def describe(self) -> dict[str, Any]:
        """Return DescribeStatement's answer."""
        has_result = self.whole.has_result or any(
            part.has_result for part in self.parts
        )
        description = self.whole.describe() | {
            "HasResultSet": has_result,
            "Database": self.database,
            "DbUser": self.caller.user,
            "RedshiftPid": uuid.UUID(self.id).int % 1_000_000_000,
            "ResultFormat": self.result_format,
            "SubStatements": [part.describe() for part in self.parts],
        }
        if self.parameters:
            description["QueryParameters"] = self.parameters
        return description | self.target()

    def target(self) -> dict[str, Any]:
        """Return workgroup, secret and session, as far as the call has them."""
        members = {
            "WorkgroupName": self.workgroup,
            "SecretArn": self.secret,
            "SessionId": self.kept.id if self.kept else "",
        }
        return {name: value for name, value in members.items() if value}

    def summary(self) -> dict[str, Any]:
        """Return the entry of ListStatements."""
        summary: dict[str, Any] = {
            "Id": self.id,
            "Status": self.whole.status,
            "StatementName": self.name,
            "CreatedAt": self.whole.created,
            "UpdatedAt": self.whole.updated,
            "IsBatchStatement": self.batch,
            "QueryString": self.whole.sql,
            "QueryStrings": self.sqls,
            "ResultFormat": self.result_format,
        }
        if self.parameters:
            summary["QueryParameters"] = self.parameters
        if self.secret:
            summary["SecretArn"] = self.secret
        if self.kept:
            summary["SessionId"] = self.kept.id
        return summary
