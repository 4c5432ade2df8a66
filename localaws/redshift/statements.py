"""Keep the statements of the Data API: submitted, run by a thread each, described, cancelled."""

import logging
import time
import uuid
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import Any

from localaws.redshift.engine import Engine, Outcome, Session
from localaws.redshift.errors import RedshiftError, SessionClosedError

log = logging.getLogger(__name__)

SUBMITTED = "SUBMITTED"
STARTED = "STARTED"
FINISHED = "FINISHED"
FAILED = "FAILED"
ABORTED = "ABORTED"
FINAL = (FINISHED, FAILED, ABORTED)


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

    def describe(self) -> dict[str, Any]:
        """Return the members that statements and sub-statements have in common."""
        rows = -1
        size = -1
        result = None
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
            "HasResultSet": result is not None,
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
    name: str = ""
    parameters: list[dict[str, str]] = field(default_factory=list)
    secret: str = ""
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    finished: Event = field(default_factory=Event)
    session: Session | None = None

    def __post_init__(self) -> None:
        self.whole = Part(self.id, "" if self.batch else self.sqls[0])
        self.parts: list[Part] = []
        if self.batch:
            self.parts = [
                Part(f"{self.id}:{number}", sql)
                for number, sql in enumerate(self.sqls, 1)
            ]

    def start(self, engine: Engine) -> None:
        """Run in a thread; the caller polls."""
        Thread(
            target=self._run,
            args=(engine,),
            name=f"redshift-{self.id}",
            daemon=True,
        ).start()

    def fail(self, message: str) -> None:
        """Give up before anything ran."""
        self.whole.move(FAILED, message)
        self.finished.set()

    def cancel(self) -> None:
        """Stop: nothing of it stays."""
        for part in (self.whole, *self.parts):
            part.move(ABORTED)
        if self.session:
            self.session.cancel()

    def _run(self, engine: Engine) -> None:
        self.whole.began = time.perf_counter_ns()
        try:
            with engine.session() as self.session:
                self.whole.move(STARTED)
                self._run_parts(self.session)
            self.whole.move(FINISHED)
        except SessionClosedError as error:
            self.whole.move(ABORTED, str(error))
        except RedshiftError as error:
            self.whole.move(FAILED, str(error))
        except Exception as error:
            log.exception("statement %s", self.id)
            self.whole.move(FAILED, f"ERROR: local AWS failed: {error!r}")
        finally:
            self.session = None
            self.finished.set()

    def _run_parts(self, session: Session) -> None:
        if not self.batch:
            parameters = {
                item["name"]: item["value"] for item in self.parameters
            }
            self.whole.outcome = session.run(self.whole.sql, parameters)
            return
        with session.transaction():
            try:
                for part in self.parts:
                    part.began = time.perf_counter_ns()
                    part.move(STARTED)
                    part.outcome = session.run(part.sql, in_transaction=True)
                    part.move(FINISHED)
            except RedshiftError as error:
                part.move(FAILED, str(error))
                for later in self.parts:
                    later.move(ABORTED)
                raise
        last = self.parts[-1].outcome
        self.whole.outcome = Outcome(last.rows if last else 0)

    def describe(self) -> dict[str, Any]:
        """Return DescribeStatement's answer."""
        description = self.whole.describe() | {
            "Database": self.database,
            "WorkgroupName": self.workgroup,
            "RedshiftPid": uuid.UUID(self.id).int % 1_000_000_000,
            "SubStatements": [part.describe() for part in self.parts],
        }
        if self.parameters:
            description["QueryParameters"] = self.parameters
        if self.secret:
            description["SecretArn"] = self.secret
        return description

    def summary(self) -> dict[str, Any]:
        """Return the entry of ListStatements."""
        return {
            "Id": self.id,
            "Status": self.whole.status,
            "StatementName": self.name,
            "CreatedAt": self.whole.created,
            "UpdatedAt": self.whole.updated,
            "IsBatchStatement": self.batch,
            "QueryString": self.whole.sql,
            "QueryStrings": self.sqls,
        }
