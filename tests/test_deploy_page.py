"""docs/deploy.md: its table names what is in the templates, its commands are the project's own."""

import re

import pytest

from include.settings import S3Settings
from infra.environments import load_environment, template
from infra.package import ROOT

PAGE = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.splitlines()
    if re.match(r"\| \d+\.\d", line)
]


def names(cell: str) -> list[str]:
    return re.findall(r"`(\w+)`", cell)


@pytest.mark.parametrize(
    "row",
    [row for row in ROWS if row[2] != "–"],
    ids=lambda row: f"{row[0]} {row[2]}",
)
def test_every_resource_in_the_table_is_in_its_template(row: list[str]) -> None:
    (layer,), resources = names(row[2]), names(row[3])
    assert resources
    assert [
        name for name in resources if name not in template(layer)["Resources"]
    ] == []


def test_its_commands_are_targets_of_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"\bmake (\w+) STAGE=", PAGE))
    assert targets == {"stacks", "deploy", "images", "smoke"}
    assert [name for name in targets if f"\n{name}: " not in makefile] == []


def test_its_names_are_those_of_the_development_stage() -> None:
    stage = load_environment("dev", "<account>")
    for name in ("Bucket", "EnvironmentName", "ApiKeysSecret"):
        assert stage[name] in PAGE
    assert {
        name for name in re.findall(r"s3://([\w<>-]+)/([\w-]+)/dt=", PAGE)
    } == {(stage["Bucket"], S3Settings.model_fields["raw_prefix"].default)}


def test_every_dag_of_the_first_run_is_there() -> None:
    asked = set(re.findall(r"^start (\w+)", PAGE, re.MULTILINE))
    assert asked == {
        "bootstrap_platform",
        "ingest_leads",
        "data_drift_redshift_retrain",
    }
    assert [
        dag for dag in asked if not (ROOT / "dags" / f"{dag}.py").is_file()
    ] == []
