"""docs/deploy.md: its table names what is in the templates, its commands are the project's own."""

import re

import pytest

from include.infra.package import ROOT
from include.infra.stages import LAYERS, load_stage, template
from include.settings import Settings

PAGE = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if re.match(r"\| \d+\.\d", line)
]
GUIDE = ["5.2", "6.1", "6.2", "6.3", "7.1", "7.2", "7.3", "8.2", "8.3", "8.4", "10.1", "10.2", "10.3", "16.1", "20.2"]
"""The guide's sections with a walk through the console, of its parts 2, 3, 10, 16 and 20.2."""


def names(cell: str) -> list[str]:
    return re.findall(r"`(\w+)`", cell)


@pytest.mark.parametrize("row", [row for row in ROWS if row[2] != "–"], ids=lambda row: f"{row[0]} {row[2]}")
def test_every_resource_in_the_table_is_in_its_template(row: list[str]) -> None:
    (layer,), resources = names(row[2]), names(row[3])
    assert resources
    assert [name for name in resources if name not in template(layer)["Resources"]] == []


@pytest.mark.parametrize("section", GUIDE)
def test_every_console_step_of_the_guide_is_in_the_table(section: str) -> None:
    assert [row for row in ROWS if re.search(rf"(^|\s){re.escape(section)}(\s|,|$)", row[0])]


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
        (stage["Bucket"], Settings.model_fields["raw_prefix"].default)
    }


def test_every_dag_of_the_first_run_is_there() -> None:
    asked = set(re.findall(r"^start (\w+)", PAGE, re.MULTILINE))
    assert asked == {"bootstrap_platform", "ingest_leads", "data_drift_redshift_retrain"}
    assert [dag for dag in asked if not (ROOT / "dags" / f"{dag}.py").is_file()] == []
