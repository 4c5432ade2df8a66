"""The scoring job's own small parts; tests/include/scoring/test_spark.py runs it on local Glue."""

import json

import pytest

from include.contract import ContractError
from include.glue import score_leads
from include.glue.arguments import parse_arguments
from include.glue.score_leads import read_contract

ARGUMENTS = {
    "OPEN_URI": "file:///open/",
    "CONTRACT_URI": "file:///contract.json",
    "CHAMPIONS_URI": "file:///model.tar.gz",
    "SCORES_URI": "file:///scores/",
    "RUN_ID": "a-run",
    "SCORED_AT": "2026-01-02T03:04:05+00:00",
}


def given(arguments):
    return [
        part
        for name, value in arguments.items()
        for part in (f"--{name}", value)
    ]


def test_what_glue_passes_besides_is_left_aside():
    more = [
        "--JOB_NAME",
        "scoreLeads",
        "--additional-python-modules",
        "s3://b/r.txt",
        "--enable-metrics",
        "true",
    ]
    assert (
        vars(
            parse_arguments(
                "", score_leads.ARGUMENTS, [*given(ARGUMENTS), *more]
            )
        )
        == ARGUMENTS
    )


@pytest.mark.parametrize("name", ARGUMENTS)
def test_an_argument_that_is_missing_ends_the_job(name, capsys):
    with pytest.raises(SystemExit):
        parse_arguments(
            "",
            score_leads.ARGUMENTS,
            given(
                {key: text for key, text in ARGUMENTS.items() if key != name}
            ),
        )
    assert f"--{name}" in capsys.readouterr().err


def test_a_contract_that_is_none_is_named(spark, tmp_path):
    (tmp_path / "contract.json").write_text(json.dumps({"columns": []}))
    with pytest.raises(ContractError, match="contract.json"):
        read_contract(spark, f"file://{tmp_path}/contract.json")
