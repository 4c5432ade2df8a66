"""Keep the newest messages, and put the Slack message and the mail of one event together."""

import logging
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from threading import Lock
from typing import Any

log = logging.getLogger(__name__)
NEWEST = 1000


@dataclass(frozen=True)
class Alert:
    """One message as it came.

    Attributes:
        number: counts the messages of this inbox.
        channel: slack or email.
        received_at: when it came (UTC, ISO 8601).
        to: the webhook, or the recipients.
        subject: its first line.
        text: what a reader sees of it, as text.
        body: the message as it came: JSON of Slack's, source of a mail.
        key: what messages of one event share, "" where the sender says nothing.
        html: the HTML part of a mail, "" where there is none.
    """

    number: int
    channel: str
    received_at: str
    to: str
    subject: str
    text: str
    body: Any
    key: str = ""
    html: str = ""

    @property
    def event(self) -> str:
        """Return the name of the event, "" where the sender says nothing."""
        return self.key.partition(".")[0]


@dataclass(frozen=True)
class Event:
    """The messages of one event, oldest first."""

    messages: tuple[Alert, ...]

    @property
    def title(self) -> str:
        """Return the shortest subject: a mail's has the project's name before it."""
        return min((message.subject for message in self.messages), key=len)

    @property
    def newest(self) -> Alert:
        """Return the message that came last."""
        return self.messages[-1]


class Inbox:
    """The newest alerts, safe to use from several threads."""

    def __init__(self) -> None:
        self._alerts: deque[Alert] = deque(maxlen=NEWEST)
        self._numbers = count(1)
        self._lock = Lock()

    def add(
        self,
        channel: str,
        to: str,
        subject: str,
        text: str,
        body: Any,
        key: str = "",
        html: str = "",
    ) -> None:
        """Keep one message, stamped with the time of its arrival (UTC)."""
        with self._lock:
            alert = Alert(
                number=next(self._numbers),
                channel=channel,
                received_at=datetime.now(UTC).isoformat(),
                to=to,
                subject=subject,
                text=text,
                body=body,
                key=key,
                html=html,
            )
            self._alerts.append(alert)
        log.info("%s to %r: %r", channel, to, subject)

    def alerts(self) -> list[Alert]:
        """Return every kept message, oldest first."""
        with self._lock:
            return list(self._alerts)

    def find(self, number: int) -> Alert | None:
        """Return the message of that number, or None where it is not kept."""
        for alert in self.alerts():
            if alert.number == number:
                return alert
        return None


def events(alerts: Iterable[Alert]) -> list[Event]:
    """Return the events of messages, that with the newest message first; a message without a key is an event alone."""
    by_key: dict[str, list[Alert]] = {}
    for alert in alerts:
        key = alert.key or f"message {alert.number}"
        by_key.setdefault(key, []).append(alert)
    grouped = [Event(tuple(messages)) for messages in by_key.values()]
    return sorted(grouped, key=lambda event: event.newest.number, reverse=True)
