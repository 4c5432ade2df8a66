"""The closing table."""

import io
from dataclasses import replace

import pytest
from rich.console import Console

from demo.ports import Ports
from demo.replay.facts import (
    ALERT_NAMES,
    Facts,
    alert_names,
    branch_taken,
    read_facts,
)
from demo.replay.tables import (
    COLUMNS,
    address_table,
    alert_table,
    alerts_cell,
    cells,
    drift_cell,
    outcome_table,
)

QUIET = Facts(
    "quiet",
    550,
    2150,
    "stable",
    0.21,
    "no_action",
    None,
    None,
    "",
    (),
    "",
    (),
    40.0,
)
FIRST = replace(
    QUIET,
    batch="first",
    verdict="no_champion",
    branch="retrain",
    challenger={"roc_auc": 0.98123},
    decision="promote",
    champion_version="1",
    alerts=("retraining started", "a new champion"),
)


def test_a_batch_without_training_keeps_the_champion_before_it_in_its_row():
    console = Console(width=200, record=True)
    console.print(outcome_table([FIRST, QUIET]))
    assert console.export_text().count("v1") == 2


def test_the_champion_of_each_outcome_stands_in_the_row_and_stays_there():
    console = Console(width=200, record=True)
    late = replace(FIRST, further=(("approved", ""), ("renewed", "")))
    then = replace(QUIET, further=(("approved", "1"),))
    console.print(outcome_table([late, then, QUIET]))
    text = console.export_text()
    assert text.count("approved –") == 1
    assert text.count("approved v1") == 2
    assert text.count("renewed –") == 3


class FinishedRun:
    """A master run of which every task has succeeded."""

    def __init__(self, comparisons):
        self.results = {"champion_challenger": comparisons}

    def returned(self, run, task_id):
        return self.results.get(task_id)

    def tasks(self, run):
        return [{"task_id": "promote", "state": "success"}]


def test_each_outcome_has_the_champion_that_its_own_comparison_left():
    comparisons = [
        {"outcome": "approved", "verdict": "promote", "version": "4"},
        {"verdict": "keep", "version": "3", "champion_version": "2"},
    ]
    facts = read_facts(FinishedRun(comparisons), None, "b", 1, 1, [], 1.0)
    assert (facts.decision, facts.champion_version) == ("keep", "2")
    assert facts.further == (("approved", "4"),)


def test_figures_stand_with_four_decimals_and_gaps_as_dashes():
    assert "0.9812" in cells(FIRST, "1")
    assert cells(QUIET, "")[5:9] == ("–", "–", "–", "–")


def test_a_share_is_shown_only_where_columns_were_compared():
    assert drift_cell(QUIET) == "0.21 stable"
    assert drift_cell(FIRST) == "no champion"


def test_alerts_are_counted_and_each_event_is_named_once():
    assert alerts_cell(FIRST.alerts) == (
        "2 alerts: retraining started, a new champion"
    )
    assert alerts_cell(("a", "b", "b")) == "3 alerts: a, b (2 times)"
    assert alerts_cell(("a",)) == "1 alert: a"
    assert alerts_cell(()) == "none"


def message(channel, subject, key="", event=""):
    return {"channel": channel, "subject": subject, "key": key, "event": event}


def test_the_slack_message_and_the_mail_of_an_event_are_one_alert():
    title = "A new champion model is deployed"
    messages = [
        message("slack", title, "model_deployed.1", "model_deployed"),
        message(
            "email",
            f"[lead-conversion] {title}",
            "model_deployed.1",
            "model_deployed",
        ),
        message("slack", title, "model_deployed.2", "model_deployed"),
        message("slack", "something else"),
        message("email", "[lead-conversion] something else"),
    ]
    assert alert_names(messages) == (
        "a new champion",
        "a new champion",
        "something else",
    )


def rendered(table, width):
    console = Console(width=width, record=True, file=io.StringIO())
    console.print(table)
    return console.export_text()


@pytest.mark.parametrize("width", [80, 100])
def test_every_table_fits_and_no_header_is_cut(width):
    outage = replace(
        QUIET,
        batch="vendor outage",
        arrived=3853,
        rows=9250,
        verdict="outage",
        branch="data_outage",
        champion={"roc_auc": 0.97},
        challenger={"roc_auc": 0.98},
        decision="promote",
        seconds=1212.0,
        alerts=tuple(ALERT_NAMES.values()),
    )
    rows = [FIRST, QUIET, outage]
    tables = [outcome_table(rows), alert_table(rows), address_table(Ports())]
    for table in tables:
        text = rendered(table, width)
        assert "…" not in text
        assert max(map(len, text.splitlines())) <= width
    header = rendered(tables[0], width).splitlines()[1].split()
    assert header == list(COLUMNS)


def test_the_desk_is_among_the_addresses_with_how_to_log_in():
    text = rendered(address_table(Ports()), 100)
    (line,) = [line for line in text.splitlines() if "Lead desk" in line]
    assert "any user name and the password local-demo-key" in line
    assert f"{Ports().api}/desk" in line


def test_the_branch_is_read_from_the_tasks_that_succeeded():
    assert branch_taken({"decide", "retrain.train_family", "join"}) == "retrain"
    assert branch_taken({"decide", "data_outage"}) == "data_outage"
    assert branch_taken({"decide", "no_action"}) == "no_action"
    assert branch_taken({"decide"}) == "none"
