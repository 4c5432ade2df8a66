"""Put the lead of a request together, and say what its features were computed from."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from include.api.bodies.one_lead import AS_OF, LEAD, LeadRequest
from include.api.errors import BodyTooLargeError
from include.api.one_lead.reading import ROW, EventReader
from include.contract import Contract
from include.contract.moments import read_timestamp
from include.refresher import Refresher
from include.scoring.errors import LeadsRefusedError, Problem
from include.scoring.leads.names import IgnoredNames, LeadNames
from include.unify.errors import UnifyError
from include.unify.one_lead import OneLead, microseconds_of, moment_text
from include.unify.plan import plan_of
from include.unify.published import Published

FROM_EVENTS, FROM_LAST_RUN = "events", "last_run"
CLOCKS_DIFFER = timedelta(minutes=5)
"""So far ahead of ours may a caller's clock be."""
NOT_PUBLISHED = (
    "no run has published features yet; run ingest_leads, or send the events"
)
Values = dict[str, Any]
FindLead = Callable[[Published, str], tuple[Values, int] | None]
"""Returns the row of a lead that a run published and the run's moment, None without one. Raises UnifyError."""


@dataclass(frozen=True)
class LeadAnswer:
    """One lead, ready to be scored.

    Attributes:
        lead: field to value.
        facts: what the reply says of it, ready for JSON.
    """

    lead: Values
    facts: dict[str, Any]


class LeadAnswers:
    """Put the leads of requests together; threads share it."""

    def __init__(
        self,
        contract: Contract,
        published: Refresher[Published | None],
        find: FindLead,
        max_events: int,
        max_columns: int,
    ) -> None:
        """Prepare for a contract with sources.

        Args:
            contract: what a lead is.
            published: what the last run published.
            find: finds the lead of an id.
            max_events: that one request may bring.
            max_columns: that one event may have.
        """
        self._contract = contract
        self._published = published
        self._find = find
        self._max_events = max_events
        self._max_columns = max_columns
        self._one_lead = OneLead(plan_of(contract))
        self._reader = EventReader(self._one_lead, LeadNames(contract))

    def answer(self, request: LeadRequest, ignored: IgnoredNames) -> LeadAnswer:
        """Return the lead of a request.

        Args:
            request: as the caller wrote it.
            ignored: gets every name that means no column.

        Raises:
            BodyTooLargeError: too many events, or too many columns of one.
            LeadsRefusedError: a value is refused, nothing was known of the lead, or no run has published its id.
        """
        if isinstance(request.lead, str):
            return self._of_last_run(request.lead)
        self._check_size(request)
        key, events = self._reader.read(request.lead, request.events, ignored)
        as_of = _moment_of(request.as_of)
        published = self._published.latest()
        rates = published.rates if published else {}
        try:
            lead = self._one_lead.put_together(key, events, as_of, rates)
        except UnifyError as error:
            raise _refused(LEAD, str(error)) from error
        facts = {
            "features_from": FROM_EVENTS,
            "as_of": moment_text(as_of),
            "events_used": lead.used,
            "events_after_as_of": lead.later,
            "events_repeated": lead.repeated,
            "rates_as_of": moment_text(published.as_of) if published else None,
            "rates_missing": [
                feature.name
                for feature in self._one_lead.rates
                if feature.name not in rates
            ],
        }
        values = {self._contract.key: key} | lead.values
        return LeadAnswer(_written(values), facts)

    def _check_size(self, request: LeadRequest) -> None:
        if len(request.events) > self._max_events:
            raise BodyTooLargeError(
                f"{len(request.events):,} events, and one request may bring {self._max_events:,}; leave out the "
                "sources that no feature reads"
            )
        widest = max(map(len, [request.lead, *request.events]))
        if widest > self._max_columns:
            raise BodyTooLargeError(
                f"{widest:,} columns, and a lead or an event may have {self._max_columns:,}"
            )

    def _of_last_run(self, key: str) -> LeadAnswer:
        """Return a lead as the last run published it."""
        published = self._published.latest()
        if published is None:
            raise _refused(LEAD, NOT_PUBLISHED)
        try:
            row = self._find(published, key)
        except UnifyError as error:
            raise _refused(LEAD, str(error)) from error
        if row is None:
            raise _refused(
                LEAD,
                f"is none of the leads of the last run, whose moment was {moment_text(published.as_of)}; send it with "
                "its events",
            )
        values, as_of = row
        facts = {
            "features_from": FROM_LAST_RUN,
            "as_of": moment_text(as_of),
        }
        return LeadAnswer(_written(values), facts)


def _refused(field: str, reason: str) -> LeadsRefusedError:
    return LeadsRefusedError([Problem(ROW, field, reason)])


def _moment_of(text: str | None) -> int:
    """Return the moment that a request asks for, by default now. Raises LeadsRefusedError for one in the future."""
    now = datetime.now(UTC).replace(tzinfo=None)
    if text is None:
        return microseconds_of(now)
    try:
        moment = read_timestamp(text)
    except (ValueError, OverflowError):
        raise _refused(
            AS_OF, "must be a moment in ISO 8601, such as 2026-01-31T08:30:00Z"
        ) from None
    if moment > now + CLOCKS_DIFFER:
        raise _refused(
            AS_OF, f"lies in the future; it is {now.isoformat()}Z now"
        )
    return microseconds_of(moment)


def _written(values: Mapping[str, Any]) -> Values:
    """Return values as a caller would write them: moments with their zone."""
    return {name: _as_sent(value) for name, value in values.items()}


def _as_sent(value: Any) -> Any:
    if isinstance(value, datetime):
        return f"{value.isoformat()}Z"
    if isinstance(value, date):
        return value.isoformat()
    return value
