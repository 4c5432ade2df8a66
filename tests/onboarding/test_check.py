"""A file is checked with the code of the ingestion job, and what is wrong is said with cells, lines and a next step."""

import pytest

from onboarding.check import check_file

CONTRACT = """\
format: 2
contract: shop
key: Id
clock: Number
outcomes:
  - {name: won, column: Won, positive: ['yes'], negative: ['no']}
columns:
  - {name: Id, type: string}
  - {name: Number, type: integer}
  - {name: Visits, type: integer}
  - {name: Channel, type: category, allowed: [Web, Fair]}
"""


@pytest.fixture
def check(tmp_path):
    """Check lines of a file against the contract; returns what is said, and whether the load would pass."""
    contract = tmp_path / "shop.yaml"
    contract.write_text(CONTRACT, encoding="utf-8")

    def run(*lines: str) -> tuple[str, bool]:
        path = tmp_path / "leads.csv"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return check_file(str(contract), path)

    return run


def rows(count: int) -> list[str]:
    return [
        f"a{number},{number},{number % 7},Web,yes" for number in range(count)
    ]


def test_a_good_file_passes_and_the_next_step_is_named(check):
    text, passes = check("Id,Number,Visits,Channel,Won", *rows(20))
    assert passes
    assert "20 rows: 20 loaded" in text
    assert "make contract TRY=" in text


def test_rows_for_the_quarantine_are_shown_with_their_line(check):
    text, passes = check(
        "Id,Number,Visits,Channel,Won", "b1,1,many,Web,yes", *rows(3)
    )
    assert not passes
    assert "1 rows: Visits: not a whole number" in text
    assert "line 2: b1 | 1 | many | Web | yes" in text


def test_a_column_that_is_not_there_is_named_with_what_to_write(check):
    text, passes = check("Id,Number,Sessions,Channel,Won", *rows(20))
    assert not passes
    assert "Visits" in text
    assert "aliases: [header]" in text


def test_levels_that_the_contract_does_not_list_are_counted(check):
    text, passes = check(
        "Id,Number,Visits,Channel,Won", "b1,1,1,Wbe,yes", *rows(20)
    )
    assert passes
    assert "channel has levels that allowed does not name: Wbe (1)" in text


def test_a_key_that_many_leads_share_stops_the_load_with_numbers(check):
    shared = [f"same,{number},{number},Web,no" for number in range(12)]
    text, passes = check("Id,Number,Visits,Channel,Won", *shared, *rows(8))
    assert not passes
    assert "11 of 20 rows" in text
