"""Keep sessions of the Data API between calls.

Source: https://docs.aws.amazon.com/redshift/latest/mgmt/data-api.html (session reuse: sequential queries, at most 24
hours)
"""

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock, Timer

from localaws.redshift.access import Caller
from localaws.redshift.engine import Engine
from localaws.redshift.errors import (
    SessionUnavailableError,
    TooManySessionsError,
)
from localaws.redshift.session import Session

LONGEST_SECONDS = 24 * 60 * 60
MOST_SESSIONS = 500


@dataclass
class KeptSession:
    """One session and how long it lives on after its last statement."""

    session: Session
    caller: Caller
    database: str
    keep_alive: int
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    created: float = field(default_factory=time.monotonic)
    statement: str = ""
    """Identifier of the statement that runs in it; empty while it is free."""
    _timer: Timer | None = None

    def wait(self, close: Callable[[], None]) -> None:
        """Call `close` when the session has been free for as long as it is kept, or is a day old."""
        age = time.monotonic() - self.created
        seconds = max(0.0, min(self.keep_alive, LONGEST_SECONDS - age))
        self._timer = Timer(seconds, close)
        self._timer.daemon = True
        self._timer.start()

    def stop_waiting(self) -> None:
        """Let the session live on."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class KeptSessions:
    """The sessions of one workgroup by their id."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._sessions: dict[str, KeptSession] = {}
        self._lock = Lock()

    def open(
        self, caller: Caller, database: str, keep_alive: int, statement: str
    ) -> KeptSession:
        """Open a session for a statement. Raises TooManySessionsError."""
        if len(self._sessions) >= MOST_SESSIONS:
            raise TooManySessionsError(
                f"The workgroup keeps {MOST_SESSIONS} sessions already"
            )
        session = self._engine.open(caller, is_kept=True)
        kept = KeptSession(session, caller, database, keep_alive)
        kept.statement = statement
        with self._lock:
            self._sessions[kept.id] = kept
        return kept

    def take(
        self,
        session_id: str,
        caller: Caller,
        keep_alive: int | None,
        statement: str,
    ) -> KeptSession:
        """Return a free session for its next statement.

        Raises:
            SessionUnavailableError: there is none of this id and user, it has expired, or it is busy.
        """
        with self._lock:
            kept = self._sessions.get(session_id)
            if kept is None or kept.caller.user != caller.user:
                raise SessionUnavailableError(
                    f"Session {session_id} is not available: it does not exist or has expired"
                )
            if kept.statement:
                raise SessionUnavailableError(
                    f"Session {session_id} is busy: statement {kept.statement} is still running"
                )
            kept.stop_waiting()
            kept.statement = statement
            if keep_alive is not None:
                kept.keep_alive = keep_alive
            kept.session.renew()
            return kept

    def release(self, kept: KeptSession) -> None:
        """Free a session behind its statement; it is closed when nobody takes it in time."""
        with self._lock:
            kept.statement = ""
            kept.wait(lambda: self._expire(kept))

    def close(self) -> None:
        """Forget every session; the engine closes with them."""
        with self._lock:
            for kept in self._sessions.values():
                kept.stop_waiting()
            self._sessions.clear()

    def _expire(self, kept: KeptSession) -> None:
        with self._lock:
            if kept.statement:
                return
            self._sessions.pop(kept.id, None)
        kept.session.close()
