"""Read a value again every few seconds; while reading fails, the value read last stays in use."""

import logging
import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from include.errors import LeadsError

log = logging.getLogger(__name__)


T = TypeVar("T")


class Refresher(Generic[T]):  # noqa: UP046 - Glue runs this in Python 3.11
    """Hold a value that is read again in a thread of its own (`start`) or when somebody asks for it (`latest`)."""

    def __init__(
        self,
        name: str,
        read: Callable[[], T],
        initial: T,
        seconds: float,
        expected: tuple[type[Exception], ...] = (),
        retry_seconds: float | None = None,
    ) -> None:
        """Prepare; nothing is read yet.

        Args:
            name: of what is read, for the log and the thread.
            read: returns the newest value.
            initial: stands in until `read` has succeeded once.
            seconds: between two readings.
            expected: errors of `read` that keep the value and are logged once, until another one comes.
            retry_seconds: between readings until the first one has succeeded; None takes `seconds`.
        """
        self._name = name
        self._read = read
        self._value = initial
        self._seconds = seconds
        self._expected = expected
        self._retry_seconds = (
            seconds if retry_seconds is None else retry_seconds
        )
        self._loaded = False
        self._problem = ""
        self._due = 0.0
        self._lock = threading.Lock()

    @property
    def value(self) -> T:
        """Return the value read last, or the initial one."""
        return self._value

    @property
    def loaded(self) -> bool:
        """Return whether reading has succeeded once."""
        return self._loaded

    def refresh(self) -> None:
        """Read the value once; an expected failure keeps the one in use."""
        try:
            self._value = self._read()
        except self._expected as error:
            self._report(error)
        else:
            self._loaded = True
            self._problem = ""
        self._due = time.monotonic() + self._pause()

    def latest(self) -> T:
        """Return the value, read again if it is due; one thread reads, the others take the value in use."""
        never_read = not self._due
        if time.monotonic() >= self._due and self._lock.acquire(
            blocking=never_read
        ):
            try:
                if time.monotonic() >= self._due:
                    self.refresh()
            finally:
                self._lock.release()
        return self._value

    def start(self) -> None:
        """Begin to read in a daemon thread, at once and then at every interval."""
        thread = threading.Thread(
            target=self._run,
            name=f"refresh {self._name}",
            daemon=True,
        )
        thread.start()

    def _run(self) -> None:
        while True:
            try:
                self.refresh()
            except Exception:  # unpickling a model runs anybody's code; a thread that ends would go unnoticed
                log.exception(
                    "Reading %s failed in a way that nobody foresaw; trying again",
                    self._name,
                )
            time.sleep(self._pause())

    def _pause(self) -> float:
        if self._loaded:
            return self._seconds
        return self._retry_seconds

    def _report(self, error: Exception) -> None:
        """Log a failure that differs from the one before, without the words of other people's errors.

        A parser's message may quote what it has read; our own errors never do.
        """
        problem = type(error).__name__
        if isinstance(error, LeadsError):
            problem = str(error)
        if problem != self._problem:
            log.warning(
                "%s not refreshed, what was read before stays in use: %s",
                self._name,
                problem,
            )
        self._problem = problem
