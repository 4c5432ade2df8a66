"""Which file the replay plays."""

from pathlib import Path

import pytest

from demo.errors import UnusableFileError
from demo.replay.__main__ import leads_file
from include.contract import load_contract

PARTNERS = Path(__file__).parents[2] / "fixtures/contracts/partners.yaml"


def test_a_file_that_is_named_is_played(monkeypatch):
    monkeypatch.setenv("LEADS_CSV", "some.csv")
    assert leads_file(load_contract(str(PARTNERS))) == Path("some.csv")


def test_another_contract_needs_a_file_of_its_own(monkeypatch):
    monkeypatch.delenv("LEADS_CSV", raising=False)
    with pytest.raises(UnusableFileError, match="make demo CSV=path"):
        leads_file(load_contract(str(PARTNERS)))
