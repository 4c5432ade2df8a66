"""The real contract, and a small one whose YAML a test may break."""

import pytest

from include.contract import Contract, load_contract

SMALL = """\
contract: small
version: 1
description: a small contract
names: {table: leads, scores_table: s, drift_table: d, promotions_table: p, feedback_table: f, model: m, experiment: e}
null_tokens: [""]
key: lead_id
label: won
clock: nr
columns:
  - {name: Lead Id, field: lead_id, type: string, label: Lead, description: The lead., known_at: capture, because: x}
  - {name: Nr, field: nr, type: integer, label: Number, description: Counts up., known_at: capture, because: x}
  - {name: Won, field: won, type: integer, minimum: 0, maximum: 1, label: Won, description: d,
     known_at: contact, because: x}
  - {name: Visits, field: visits, type: integer, minimum: 0, label: Visits, description: d,
     known_at: capture, because: x}
  - {name: Pages, field: pages, type: number, label: Pages, description: d, known_at: engagement, because: x}
  - {name: Channel, field: channel, type: category, allowed: [Web, Mail, SMS], groups: {Direct: [Mail, SMS]},
     label: Channel, description: d, known_at: capture, because: x}
  - {name: Heat, field: heat, type: ordinal, order: [cold, hot], label: Heat, description: d,
     known_at: contact, because: x}
  - {name: No calls, field: no_calls, type: yes_no, label: No calls, description: d, known_at: capture, because: x}
"""


@pytest.fixture(scope="session")
def x_education() -> Contract:
    return load_contract("x_education")


@pytest.fixture
def small_yaml() -> str:
    return SMALL


@pytest.fixture
def write_contract(tmp_path):
    def write(text: str) -> str:
        path = tmp_path / "small.yaml"
        path.write_text(text, encoding="utf-8")
        return str(path)

    return write


@pytest.fixture
def small(write_contract) -> Contract:
    return load_contract(write_contract(SMALL))
