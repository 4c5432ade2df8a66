"""The families are trained on a file as in the lifecycle, and the figures stand beside chance and a plain rule."""

import random

import pytest

from include.training.families import FAMILIES
from onboarding import stage_trial, trial
from onboarding.errors import TryError

CONTRACT = """\
format: 2
contract: shop
key: {row: true}
clock: {row: true}
outcomes:
  - {name: won, column: Won, positive: ['yes'], negative: ['no']}
columns:
  - {name: Visits, type: integer}
  - {name: Channel, type: category}
"""
FAST = "logistic_regression"


@pytest.fixture
def contract(tmp_path) -> str:
    path = tmp_path / "shop.yaml"
    path.write_text(CONTRACT, encoding="utf-8")
    return str(path)


@pytest.fixture
def leads(tmp_path):
    chance = random.Random(1)  # noqa: S311 - no secret
    lines = ["Visits,Channel,Won"]
    for _ in range(500):
        visits = chance.randint(0, 20)
        won = "yes" if chance.random() * 20 < visits else "no"
        lines.append(f"{visits},{chance.choice(['Web', 'Fair'])},{won}")
    lines.append("many,Web,yes")
    path = tmp_path / "leads.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


@pytest.fixture
def one_family(monkeypatch):
    """Train one fast family in this process."""

    def train(contract, stage, data):
        return [stage_trial.train_one(contract, stage, data, FAST)]

    monkeypatch.setattr(stage_trial, "train_families", train)


def test_figures_stand_beside_chance_and_a_rule_for_holdout_and_later_leads(
    contract, leads, one_family
):
    text = trial.try_file(contract, leads, leave_last=100)
    assert "501 rows, 500 of them readable" in text
    assert "rejected: visits: not a whole number (1 rows)" in text
    assert "plain rule: the rates by visits" in text
    assert "later leads: 100 leads" in text
    assert "top features: visits" in text


def test_a_file_without_a_column_says_what_to_write(contract, leads):
    content = leads.read_text(encoding="utf-8")
    leads.write_text(content.replace("Visits,", "Visitors,"), encoding="utf-8")
    with pytest.raises(TryError, match=r"write aliases: \[Visitors\]"):
        trial.try_file(contract, leads)


def test_leads_of_one_outcome_are_refused_with_the_reason(
    contract, leads, one_family
):
    content = leads.read_text(encoding="utf-8")
    leads.write_text(content.replace(",no", ",yes"), encoding="utf-8")
    text = trial.try_file(contract, leads)
    assert "no model can be trained: all 500 labelled leads" in text


def test_a_file_of_three_rows_is_refused_with_the_reason(contract, leads):
    lines = leads.read_text(encoding="utf-8").splitlines()
    leads.write_text(
        "\n".join([lines[0], "1,Web,yes", "2,Web,no", "3,Web,no"]),
        encoding="utf-8",
    )
    assert "no model can be trained" in trial.try_file(contract, leads)


def test_more_rows_cannot_be_left_out_than_there_are(contract, leads):
    with pytest.raises(TryError, match="leaves no lead"):
        trial.try_file(contract, leads, leave_last=500)


@pytest.mark.slow
def test_every_family_is_trained_in_processes_of_its_own(contract, leads):
    text = trial.try_file(contract, leads)
    for family in FAMILIES:
        assert family in text
