"""docs/deploy.md: its table names what is in the templates, its commands are the project's own."""

import re

import pytest

from include.settings import S3Settings
from infra.package import ROOT
from infra.stages import LAYERS, load_stage, template

PAGE = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if re.match(r"\| \d+\.\d", line)
]
STEPS = {
    "5.2": 5, "6.1": 0, "6.2": 5, "6.3": 4, "7.1": 0, "7.2": 4, "7.3": 6, "8.2": 3, "8.3": 6, "8.4": 6, "10.1": 8,
    "10.2": 3, "10.3": 4, "16.1": 0, "20.2 step 1": 2, "20.2 step 2": 4, "20.2 step 3": 6,
}  # fmt: skip
"""The guide's walks through the console in its parts 2, 3, 10, 16 and 20.2, and how many numbered steps each has."""


def steps(cell: str) -> tuple[str, set[int]]:
    """Section and steps of a row: `7.2: 1-2, 4` is section 7.2 with 1, 2 and 4."""
    section, _, listed = cell.partition(": ")
    ends = [part.split("-") for part in listed.split(", ") if part]
    return section, {step for part in ends for step in range(int(part[0]), int(part[-1]) + 1)}


def names(cell: str) -> list[str]:
    return re.findall(r"`(\w+)`", cell)


@pytest.mark.parametrize("row", [row for row in ROWS if row[2] != "–"], ids=lambda row: f"{row[0]} {row[2]}")
def test_every_resource_in_the_table_is_in_its_template(row: list[str]) -> None:
    (layer,), resources = names(row[2]), names(row[3])
    assert resources
    assert [name for name in resources if name not in template(layer)["Resources"]] == []


@pytest.mark.parametrize("section", STEPS)
def test_every_console_step_of_the_guide_is_in_the_table_once(section: str) -> None:
    rows = [told for name, told in (steps(row[0]) for row in ROWS) if name == section]
    assert rows, "the section is not there"
    assert sorted(step for told in rows for step in told) == list(range(1, STEPS[section] + 1))


def test_the_table_has_no_section_that_the_guide_has_not() -> None:
    assert {steps(row[0])[0] for row in ROWS} == set(STEPS)


def test_what_no_stack_holds_is_said_to_be_done_by_somebody() -> None:
    by = ("the DAG `ingest_leads`", "by the user", "no DAG uses it")
    assert [row for row in ROWS if row[2] == "–" and not row[3].startswith(by)] == []


def test_every_role_and_every_service_that_a_person_would_have_clicked_is_in_the_table() -> None:
    clicked = {
        "AWS::EC2::VPC", "AWS::EC2::VPCEndpoint", "AWS::EC2::NatGateway", "AWS::EC2::Instance", "AWS::S3::Bucket",
        "AWS::RedshiftServerless::Workgroup", "AWS::Glue::Crawler", "AWS::Glue::Connection", "AWS::MWAA::Environment",
        "AWS::SageMaker::Domain", "AWS::SageMaker::UserProfile",
    }  # fmt: skip
    made = {
        (layer, name)
        for layer in LAYERS
        for name, resource in template(layer)["Resources"].items()
        if resource["Type"] in clicked
    }
    listed = {(names(row[2])[0], name) for row in ROWS if names(row[2]) for name in names(row[3])}
    assert made <= listed


def test_every_layer_is_told_of() -> None:
    assert [layer for layer in LAYERS if f"`{layer}`" not in PAGE] == []


def test_its_commands_are_targets_of_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"\bmake (\w+) STAGE=", PAGE))
    assert targets == {"stacks", "deploy", "images"}
    assert [name for name in targets if f"\n{name}: " not in makefile] == []


def test_its_names_are_those_of_the_development_stage() -> None:
    stage = load_stage("dev", "<account>")
    for name in ("Bucket", "EnvironmentName", "ApiKeysSecret"):
        assert stage[name] in PAGE
    assert {name for name in re.findall(r"s3://([\w<>-]+)/([\w-]+)/dt=", PAGE)} == {
        (stage["Bucket"], S3Settings.model_fields["raw_prefix"].default)
    }


def test_every_dag_of_the_first_run_is_there() -> None:
    asked = set(re.findall(r"^start (\w+)", PAGE, re.MULTILINE))
    assert asked == {"bootstrap_platform", "ingest_leads", "data_drift_redshift_retrain"}
    assert [dag for dag in asked if not (ROOT / "dags" / f"{dag}.py").is_file()] == []
