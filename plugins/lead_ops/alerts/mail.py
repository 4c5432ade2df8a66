"""Render an alert as a mail: HTML, and the same as text for readers that show no HTML."""

from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import formatdate, make_msgid
from functools import lru_cache
from typing import Any

from lead_ops.alerts.alert import Alert

SUBJECT_PREFIX = "[lead-conversion]"
# RFC 5322's longest line: some readers show the space that a subject is folded at.
POLICY = SMTP_POLICY.clone(max_line_length=998)
KEY_HEADER = "X-Lead-Alert"
"""Header with the alert's key, by which the Slack message of the same event is found."""


def as_text(alert: Alert) -> str:
    """Return the alert as plain text."""
    return _render("alert.txt.jinja", alert)


def as_html(alert: Alert) -> str:
    """Return the alert as one HTML page without scripts and without anything to fetch."""
    return _render("alert.html.jinja", alert)


def as_mail(alert: Alert, sender: str, receiver: str) -> EmailMessage:
    """Return the alert as a mail with a part of text and a part of HTML."""
    mail = EmailMessage(policy=POLICY)
    mail["Subject"] = f"{SUBJECT_PREFIX} {alert.title}"
    mail["From"] = sender
    mail["To"] = receiver
    mail["Date"] = formatdate(localtime=True)
    mail["Message-ID"] = make_msgid(domain="lead-conversion.invalid")
    mail[KEY_HEADER] = alert.key
    mail.set_content(as_text(alert))
    mail.add_alternative(as_html(alert), subtype="html")
    return mail


def _render(template: str, alert: Alert) -> str:
    return _environment().get_template(template).render(alert=alert)


@lru_cache
def _environment() -> Any:
    """Return the Jinja environment of the templates; Jinja is Airflow's own, and imported with the first alert."""
    from jinja2 import (
        Environment,
        PackageLoader,
        StrictUndefined,
        select_autoescape,
    )

    return Environment(
        loader=PackageLoader("lead_ops.alerts"),
        autoescape=select_autoescape(["html.jinja"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
