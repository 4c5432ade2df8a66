"""Every statement of bench/conformance on the engine, without the Data API."""

from collections.abc import Iterator

import pytest

from bench.conformance.cases import (
    Case,
    load_cases,
    prepared_engine,
    verdict,
)
from include.contract.reserved import RESERVED as RESERVED_OF_CONTRACTS
from localaws.redshift.engine import Engine
from localaws.redshift.grammar.words import RESERVED

CASES = load_cases()
CONSTRUCTS = sorted({case.construct for case in CASES})
VERDICTS = {
    "right": {"right"},
    "refused": {"refused_rightly"},
    "unsupported": {"unsupported"},
}


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with prepared_engine() as engine:
        yield engine


@pytest.mark.parametrize("construct", CONSTRUCTS)
def test_a_statement_runs_as_on_redshift_or_is_refused(engine, construct):
    for case in CASES:
        if case.construct == construct:
            result, answer = verdict(engine, case)
            assert result in VERDICTS[case.expectation], _report(case, answer)


def _report(case: Case, answer: str) -> str:
    return f"{case.sql}\nexpected {case.expectation} ({case.answer}), got {answer}\n{case.page}"


def test_at_least_half_of_the_list_is_refused():
    refused = [case for case in CASES if case.expectation == "refused"]
    assert len(CASES) >= 300
    assert len(refused) * 2 >= len(CASES)


def test_words_that_contracts_refuse_are_those_that_redshift_reserves():
    assert RESERVED == RESERVED_OF_CONTRACTS
