"""Serve the inbox: a webhook like Slack's, an SMTP server, and one page that shows what they received.

`python -m demo.inbox` listens on LEADS_INBOX_PORT (8025) and LEADS_SMTP_PORT (1025) of LEADS_INBOX_HOST.
"""

import logging
import os

from aiosmtpd.controller import Controller
from waitress import serve as serve_http

from demo.inbox.app import create_inbox_app
from demo.inbox.mail import MailHandler
from demo.inbox.messages import Inbox
from demo.ports import Ports


def serve(ports: Ports) -> None:
    """Listen on both ports until the process is told to stop."""
    inbox = Inbox()
    host = os.environ.get("LEADS_INBOX_HOST", "127.0.0.1")
    mail = Controller(MailHandler(inbox), hostname=host, port=ports.smtp_port)
    mail.start()
    try:
        serve_http(
            create_inbox_app(inbox), host=host, port=ports.inbox_port, threads=4
        )
    finally:
        mail.stop()


if __name__ == "__main__":
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(name)s %(message)s"
    )
    serve(Ports())
