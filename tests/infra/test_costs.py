"""The cost estimate and the page that shows it."""

import pytest

from infra.costs import (
    Line,
    bill,
    if_asked_for,
    of_contracts,
    price_list,
    table,
    table_if_asked_for,
    table_of_contracts,
)
from infra.environments import load_environment
from infra.package import ROOT


def total(stage: str, **parameters: str) -> float:
    listed = price_list()
    lines = bill(
        load_environment(stage, "0" * 12, **parameters),
        listed["assumed"][stage],
        listed["hours_a_month"],
    )
    return sum(line.cost(listed["prices"]) for line in lines)


def test_a_line_is_quantity_times_price() -> None:
    assert Line("x", 730, "").cost({"x": [0.5, "hour", "page"]}) == 365


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_the_page_shows_what_the_script_prints(stage: str) -> None:
    assert table(stage) in (ROOT / "docs" / "costs.md").read_text(
        encoding="utf-8"
    )


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_the_page_shows_each_contracts_share(stage: str) -> None:
    shares = table_of_contracts(load_environment(stage, "0" * 12))
    assert shares in (ROOT / "docs" / "costs.md").read_text(encoding="utf-8")


def test_ten_contracts_share_what_all_use_and_each_pays_its_own_work() -> None:
    names = [f"contract_{number}" for number in range(10)]
    gateway, training = Line("gateway", 100, ""), Line("training", 3, "")
    prices = {"gateway": [1.0], "training": [2.0]}
    shares = of_contracts(names, [gateway, training], [training], prices)
    assert shares == dict.fromkeys(names, (6.0, 10.0))


def test_the_page_shows_what_the_endpoint_and_the_scoring_job_would_add() -> (
    None
):
    assert table_if_asked_for() in (ROOT / "docs" / "costs.md").read_text(
        encoding="utf-8"
    )


def test_an_endpoint_is_paid_by_instance_and_scoring_by_run() -> None:
    prices = price_list()["prices"]
    use = {
        "endpoint_instances": 2,
        "scoring_runs": 4,
        "scoring_hours_a_run": 0.5,
    }
    endpoint, scoring = (
        line.cost(prices) for line in if_asked_for(use, hours=730)
    )
    assert endpoint == pytest.approx(2 * 730 * prices["endpoint_m5_large"][0])
    assert scoring == pytest.approx(4 * 5 * 0.5 * prices["scoring_dpu"][0])


def test_a_stages_parameters_move_its_bill() -> None:
    gateway = price_list()["prices"]
    dearer = total("dev", NatGateways="2") - total("dev")
    assert dearer == pytest.approx(
        730 * (gateway["nat_hour"][0] + gateway["public_address"][0])
    )
    assert total("dev") < total("prod")


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_the_budget_leaves_room_above_the_estimate(stage: str) -> None:
    assert total(stage) < float(
        load_environment(stage, "0" * 12)["MonthlyBudget"]
    )


def test_every_price_names_the_page_to_check_it_on() -> None:
    assert all(
        page.startswith("aws.amazon.com/")
        for _, _, page in price_list()["prices"].values()
    )
