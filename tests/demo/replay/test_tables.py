"""The closing table."""

from dataclasses import replace

from rich.console import Console

from demo.replay.facts import Facts, branch_taken
from demo.replay.tables import alerts_cell, cells, drift_cell, outcome_table

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
    alerts=("slack: A", "email: A", "slack: B"),
)


def test_a_batch_without_training_keeps_the_champion_before_it_in_its_row():
    console = Console(width=200, record=True)
    console.print(outcome_table([FIRST, QUIET]))
    assert console.export_text().count("v1") == 2


def test_figures_stand_with_four_decimals_and_gaps_as_dashes():
    assert "0.9812" in cells(FIRST, "1")
    assert cells(QUIET, "")[5:9] == ("–", "–", "–", "–")


def test_a_share_is_shown_only_where_columns_were_compared():
    assert drift_cell(QUIET) == "0.21 stable"
    assert drift_cell(FIRST) == "no champion"


def test_alerts_are_counted_by_channel():
    assert alerts_cell(FIRST.alerts) == "1 email, 2 slack"
    assert alerts_cell(()) == "–"


def test_the_branch_is_read_from_the_tasks_that_succeeded():
    assert branch_taken({"decide", "retrain.train_family", "join"}) == "retrain"
    assert branch_taken({"decide", "data_outage"}) == "data_outage"
    assert branch_taken({"decide", "no_action"}) == "no_action"
    assert branch_taken({"decide"}) == "none"
