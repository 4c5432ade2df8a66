"""Contracts in force: which there are, that they are apart, and what a hostile or broken one may do: nothing."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from include.contract import ContractError, load_contract, parse_contract
from include.contract.in_force import (
    STAGES,
    check_apart,
    contract_in_force,
    contracts_in_force,
    default_name,
    misnamed_files,
    names_in_force,
    settings_of,
    tables_of,
)
from include.contract.model import SCORING_STAGES, Contract
from include.settings import Settings, environment_of
from include.warehouse.templates import Statements

FILE = Path(__file__).parents[2] / "fixtures" / "contracts" / "partners.yaml"
DEFAULT = "x_education"


def write(folder: Path, name: str = "partners", **names: object) -> Path:
    """Write the tests' second contract below another name, some of its names changed."""
    content = yaml.safe_load(FILE.read_text())
    content["contract"] = name
    if name != "partners":
        for key, value in content["names"].items():
            content["names"][key] = value.replace("partner", name)
        content["names"] |= {"experiment": name, "prefix": f"{name}/"}
    content["names"] |= names
    file = folder / f"{name}.yaml"
    file.write_text(yaml.safe_dump(content, sort_keys=False))
    return file


@pytest.fixture
def current(tmp_path: Path) -> Settings:
    return Settings(contracts_folder=str(tmp_path))


def test_the_default_contract_comes_first_and_the_others_in_order(
    tmp_path: Path,
) -> None:
    write(tmp_path, "zoo")
    write(tmp_path, "bank")
    assert names_in_force(DEFAULT, str(tmp_path)) == [DEFAULT, "bank", "zoo"]
    assert names_in_force(DEFAULT, str(tmp_path / "none")) == [DEFAULT]


def test_a_default_contract_by_path_takes_the_place_of_the_file_of_its_name(
    tmp_path: Path,
) -> None:
    path = str(tmp_path / "partners.yaml")
    assert default_name(path) == "partners"
    write(tmp_path)
    assert names_in_force(path, str(tmp_path)) == ["partners", DEFAULT]


def test_names_are_listed_without_pydantic_and_yaml() -> None:
    code = (
        "import sys; from include.contract.in_force import names_in_force; "
        "names_in_force('x_education'); sys.exit(bool({'pydantic', 'yaml'} & set(sys.modules)))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_contract_of_its_own_is_in_force(
    tmp_path: Path, current: Settings
) -> None:
    write(tmp_path)
    contracts = contracts_in_force(current)
    assert list(contracts) == [DEFAULT, "partners"]
    assert contract_in_force(current, "partners") == contracts["partners"]
    assert contract_in_force(current) == load_contract(DEFAULT)
    assert contract_in_force(current, DEFAULT) == load_contract(DEFAULT)


def test_a_job_elsewhere_gets_the_contract_and_its_names(
    tmp_path: Path, current: Settings
) -> None:
    file = write(tmp_path, "big_bank")
    own = settings_of(current, "big_bank")
    variables = environment_of(own)
    assert variables["LEADS_CONTRACT"] == str(file)
    assert variables["LEADS_GLUE_JOB"] == "s3ToRedshift-big_bank"
    assert variables["LEADS_ENDPOINT_NAME"] == "lead-conversion-big-bank"
    assert settings_of(current, "") is current
    assert settings_of(current, DEFAULT) is current


def test_a_contract_that_is_not_in_force_is_named_with_those_that_are(
    tmp_path: Path, current: Settings
) -> None:
    write(tmp_path)
    for ask in (settings_of, contract_in_force):
        with pytest.raises(
            ContractError, match="there are x_education, partners"
        ):
            ask(current, "../partners")


def test_a_contract_called_like_a_route_of_the_api_is_refused(
    tmp_path: Path, current: Settings
) -> None:
    write(tmp_path, "desk")
    with pytest.raises(ContractError, match="a route of the scoring API"):
        contract_in_force(current, "desk")


HOSTILE = [
    ({"table": "leadstable"}, "share the table 'leadstable'"),
    ({"scores_table": "leadstable_staging"}, "table 'leadstable_staging'"),
    ({"drift_table": "lead_feedback_withdrawals"}, "share the table"),
    ({"model": "lead-conversion-classifier"}, "share the model"),
    ({"model": "Lead-Conversion-Classifier-capture"}, "share the model"),
    ({"experiment": "lead conversion prediction"}, "share the experiment"),
    ({"prefix": ""}, "prefix"),
    ({"prefix": "raw-data/"}, "prefix"),
    ({"prefix": "processed-data/partners/"}, "prefix"),
    ({"prefix": "other/"}, "prefix"),
    ({"prefix": "other/inside/"}, "prefix"),
    ({"prefix": "../"}, "prefix"),
    ({"prefix": "partners/../"}, "prefix"),
    ({"prefix": "it's/"}, "prefix"),
    ({"table": 'x"; DROP TABLE leadstable; --'}, "names.table"),
    ({"model": "../lead-conversion-classifier"}, "names.model"),
    ({"model": "x' OR '1'='1"}, "names.model"),
    ({"experiment": "a/../b"}, "names.experiment"),
]


@pytest.mark.parametrize(("names", "mistake"), HOSTILE)
def test_a_hostile_contract_is_refused_and_the_others_go_on(
    tmp_path: Path, current: Settings, names: dict[str, Any], mistake: str
) -> None:
    write(tmp_path, "other")
    write(tmp_path, **names)
    if names == {"drift_table": "lead_feedback_withdrawals"}:
        feedback = load_contract(DEFAULT).names.feedback_table
        write(tmp_path, drift_table=f"{feedback}_withdrawals")
    with pytest.raises(ContractError, match=mistake):
        contract_in_force(current, "partners")
    with pytest.raises(ContractError, match=mistake):
        contracts_in_force(current)
    assert contract_in_force(current).contract == DEFAULT


def test_a_file_must_be_called_like_its_contract(
    tmp_path: Path, current: Settings
) -> None:
    write(tmp_path).rename(tmp_path / "sellers.yaml")
    with pytest.raises(
        ContractError, match="must be the file's name, 'sellers'"
    ):
        contract_in_force(current, "sellers")


@pytest.mark.parametrize(
    "name", ["a.b", "Partners", "x'y", "..", "1st", "a" * 41, "ends_", "a b"]
)
def test_a_file_whose_name_cannot_be_a_contracts_makes_no_dags_and_is_named(
    tmp_path: Path, current: Settings, name: str
) -> None:
    (tmp_path / f"{name}.yaml").write_text("contract: x")
    assert names_in_force(DEFAULT, str(tmp_path)) == [DEFAULT]
    (mistake,) = misnamed_files(current)
    assert f"{name}.yaml" in mistake
    with pytest.raises(ContractError, match="call the file like its contract"):
        contracts_in_force(current)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    current = Settings(contracts_folder=str(tmp_path / "none"))
    with pytest.raises(ContractError, match="correct LEADS_CONTRACTS_FOLDER"):
        contracts_in_force(current)


def test_two_broken_files_are_both_named(
    tmp_path: Path, current: Settings
) -> None:
    write(tmp_path)
    (tmp_path / "bank.yaml").write_text("contract: [")
    (tmp_path / "shop.yaml").write_text("contract: shop")
    with pytest.raises(ContractError, match="bank.yaml") as caught:
        contracts_in_force(current)
    assert "shop.yaml: key 'version'" in str(caught.value)
    assert contract_in_force(current, "partners").contract == "partners"


def second() -> Contract:
    return parse_contract(yaml.safe_load(FILE.read_text()), "partners")


def test_two_files_of_one_contract_are_not_apart() -> None:
    with pytest.raises(ContractError, match="two files have the same name"):
        check_apart([second(), second()], Settings().s3)
    check_apart([second(), load_contract(DEFAULT)], Settings().s3)


def test_the_tables_that_are_compared_are_all_that_statements_name() -> None:
    contract = second()
    names = Statements(Settings(), contract)._names()
    tables = {
        value.removeprefix("public.")
        for value in names.values()
        if isinstance(value, str) and value.startswith("public.")
    }
    assert tables | {"partner_feedback_staging"} == set(tables_of(contract))


def test_the_stages_that_are_compared_are_all_that_there_are() -> None:
    assert set(STAGES) == set(SCORING_STAGES)
