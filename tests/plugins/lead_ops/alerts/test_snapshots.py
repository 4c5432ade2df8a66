"""Every event as its reader sees it: text and HTML of the mail, blocks of the Slack message.

`LEADS_UPDATE_SNAPSHOTS=1 pytest <this file>` writes the snapshots anew; look at the difference before you keep it.
"""

import json
import os
from pathlib import Path

import pytest

from demo.inbox.block_kit import block_problems
from lead_ops.alerts.alert import Origin
from lead_ops.alerts.content import EVENTS, make_alert
from lead_ops.alerts.mail import as_html, as_text
from lead_ops.alerts.slack import as_slack
from tests.plugins.lead_ops.alerts.examples import RESULTS, context

SNAPSHOTS = Path(__file__).parent / "snapshots"


def alert_of(event):
    origin = Origin.of(context(event))
    return make_alert(event, RESULTS[event], origin)


def compare(name, text):
    path = SNAPSHOTS / name
    if os.environ.get("LEADS_UPDATE_SNAPSHOTS"):
        SNAPSHOTS.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def as_json(message):
    return json.dumps(message, indent=2, ensure_ascii=False) + "\n"


@pytest.mark.parametrize("event", EVENTS)
def test_an_alert_reads_as_it_did(event):
    alert = alert_of(event)
    compare(f"{event}.txt", as_text(alert))
    compare(f"{event}.html", as_html(alert))
    compare(f"{event}.json", as_json(as_slack(alert)))


@pytest.mark.parametrize("event", EVENTS)
def test_slack_takes_every_message(event):
    message = as_slack(alert_of(event))
    assert block_problems(message["blocks"]) == []
    assert message["text"].startswith(EVENTS[event].title)
