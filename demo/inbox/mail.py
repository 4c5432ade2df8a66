"""Take mails for aiosmtpd, and deliver none."""

from email import message_from_bytes, policy
from email.message import EmailMessage

from aiosmtpd.smtp import SMTP, Envelope, Session

from demo.inbox.messages import Inbox

KEY_HEADER = "X-Lead-Alert"
"""Header that names the event of an alert (plugins/lead_ops/alerts/mail.py)."""


class MailHandler:
    """Take every message for aiosmtpd, deliver none."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Keep one mail (the method's name is aiosmtpd's); HTML is kept as text where there is no text."""
        mail = message_from_bytes(
            bytes(envelope.content or b""),
            _class=EmailMessage,
            policy=policy.default,
        )
        self._inbox.add(
            "email",
            ", ".join(envelope.rcpt_tos),
            str(mail.get("Subject", "(no subject)")),
            _part(mail, "plain", "html"),
            mail.as_string(),
            key=str(mail.get(KEY_HEADER, "")),
            html=_part(mail, "html"),
        )
        return "250 Message accepted"


def _part(mail: EmailMessage, *kinds: str) -> str:
    """Return the first of these parts that the mail has, "" where it has none."""
    part = mail.get_body(preferencelist=kinds)
    return str(part.get_content()) if part else ""
