"""Stages: where a template's parameters come from."""

import re
from pathlib import Path

import pytest
import yaml

from include.settings import Settings
from infra.environments import (
    LAYERS,
    STAGES,
    TEMPLATES,
    airflow_variables,
    load_environment,
    startup_script,
    template,
)
from infra.errors import DeploymentError

ACCOUNT = "123456789012"
WORKER_MB = {"mw1.small": 2048, "mw1.medium": 4096, "mw1.large": 8192}
"""Memory of a worker by environment class, as AWS documents it."""
TASK_MB = 800
"""Of the largest task and the process above it, with room: docs/mwaa.md."""
NAMES = sorted(path.stem for path in STAGES.glob("*.yaml"))
OUTPUTS = {
    "KeyArn": "arn:aws:kms:ap-south-1:123456789012:key/1",
    "PrivateSubnetA": "subnet-a",
    "PrivateSubnetB": "subnet-b",
    "SecurityGroup": "sg-1",
    "MlflowClients": "sg-2",
    "RepositoryUri": "repo",
    "MlflowTrackingUri": "https://10.42.32.7:5000",
    "MlflowCertificateUri": "s3://leads/model-artifacts/mlflow-tls/certificate.pem",
    "MlflowWriterSecret": "lead-conversion/dev/mlflow/writer",
}


def test_every_template_is_a_layer() -> None:
    assert {path.stem for path in TEMPLATES.glob("*.yaml")} == set(LAYERS)


@pytest.mark.parametrize("stage", NAMES)
def test_every_parameter_of_every_layer_has_a_value(stage: str) -> None:
    outputs = dict.fromkeys(
        (
            "ZoneA",
            "ZoneB",
            "ZoneC",
            "RequirementsVersion",
            "PluginsVersion",
            "StartupVersion",
        ),
        "x",
    )
    outputs |= dict.fromkeys(("ApiImage", "Image", "MlflowRequirements"), "x")
    for layer in LAYERS:
        load_environment(stage, ACCOUNT).parameters(
            layer, outputs
        )  # raises for one that has none
        outputs |= dict.fromkeys(template(layer).get("Outputs", {}), "x")


def test_production_carries_the_names_that_the_code_has_as_defaults() -> None:
    stage, settings = load_environment("prod", ACCOUNT), Settings()
    assert stage["GlueJob"] == settings.glue.job
    assert stage["GlueScoringJob"] == settings.glue.scoring_job
    assert (stage["EndpointName"], stage["EndpointRole"]) == (
        settings.endpoint.name,
        settings.endpoint.role,
    )
    assert stage["RedshiftSecret"] == settings.redshift.secret
    assert stage["Bucket"] == f"{settings.s3.bucket}-{ACCOUNT}"
    assert stage["EnvironmentName"] == "LeadConversion-MLOps-Prod"


def test_two_stages_share_no_name_of_a_thing_in_one_account() -> None:
    dev, prod = (
        load_environment(name, ACCOUNT).values for name in ("dev", "prod")
    )
    unique = re.compile(
        r"(Role|Bucket|Secret|Workgroup|Job|Crawler|Name|Connection|SecretsPrefix|GlueDatabase|Image)$"
    )
    same = {
        name
        for name in dev
        if unique.search(name) and dev[name] == prod.get(name)
    }
    assert same == set()


@pytest.mark.parametrize("name", NAMES)
def test_as_many_tasks_as_a_worker_runs_at_once_fit_into_its_memory(
    name: str,
) -> None:
    stage = load_environment(name, ACCOUNT)
    assert (
        int(stage["WorkerTasks"]) * TASK_MB
        <= WORKER_MB[stage["EnvironmentClass"]]
    )
    options = template("airflow")["Resources"]["Environment"]["Properties"][
        "AirflowConfigurationOptions"
    ]
    assert options["celery.worker_autoscale"] == {
        "Sub": "${WorkerTasks},${WorkerTasks}"
    }


def test_a_stage_that_is_not_described_names_those_that_are() -> None:
    with pytest.raises(
        DeploymentError, match="no stage 'qa': stages are dev, prod"
    ):
        load_environment("qa", ACCOUNT)


def test_a_misspelt_parameter_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "dev.yaml").write_text(yaml.safe_dump({"Bukket": "x"}))
    monkeypatch.setattr("infra.environments.STAGES", tmp_path)
    with pytest.raises(
        DeploymentError, match="no template has a parameter Bukket"
    ):
        load_environment("dev", ACCOUNT)


def test_a_parameter_without_a_value_is_named_with_the_file_to_set_it_in() -> (
    None
):
    stage = load_environment("dev", ACCOUNT)
    with pytest.raises(
        DeploymentError,
        match=r"layer storage needs Bucket: set it in infra/stages/dev\.yaml",
    ):
        type(stage)(
            stage.name,
            stage.account,
            {n: v for n, v in stage.values.items() if n != "Bucket"},
        ).parameters("storage", {})


def test_the_code_on_mwaa_reads_the_stages_names_from_its_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stage = load_environment("dev", ACCOUNT)
    for name, value in airflow_variables(stage, OUTPUTS, "ap-south-1").items():
        monkeypatch.setenv(name, value)
    settings = Settings()
    assert settings.s3.bucket == f"leadconversiondata-dev-{ACCOUNT}"
    assert (settings.glue.role, settings.training.role) == (
        stage["GlueRole"],
        stage["TrainingRole"],
    )
    assert settings.training.subnets == ("subnet-a", "subnet-b")
    assert settings.training.security_groups == ("sg-1", "sg-2")
    assert settings.training.kms_key == OUTPUTS["KeyArn"]
    assert settings.endpoint.kms_key == OUTPUTS["KeyArn"]
    assert settings.mlflow.tracking_uri == OUTPUTS["MlflowTrackingUri"]
    assert settings.mlflow.secret == OUTPUTS["MlflowWriterSecret"]
    assert settings.mlflow.certificate == OUTPUTS["MlflowCertificateUri"]


def test_the_startup_script_quotes_and_is_the_same_every_time() -> None:
    script = startup_script({"B": "two words; rm -rf /", "A": "1"})
    assert script.splitlines()[-2:] == [
        "export A=1",
        "export B='two words; rm -rf /'",
    ]
    assert script == startup_script({"A": "1", "B": "two words; rm -rf /"})


def test_the_roles_know_the_prefix_of_the_stages_contract() -> None:
    contract = "bench/_contracts/bank_marketing.yaml"
    assert load_environment("dev", ACCOUNT)["ContractPrefix"] == ""
    other = load_environment("dev", ACCOUNT, Contract=contract)
    assert other["ContractPrefix"] == "bank/"
    variables = airflow_variables(other, OUTPUTS, "ap-south-1")
    assert variables["LEADS_CONTRACT"] == contract


def test_a_stage_says_who_may_promote_and_how_long_personal_data_is_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given = {"PromotionFourEyes": "True", "RetentionPersonalDays": "400"}
    stage = load_environment("dev", ACCOUNT, **given)
    for name, value in airflow_variables(stage, OUTPUTS, "ap-south-1").items():
        monkeypatch.setenv(name, value)
    settings = Settings()
    assert settings.promotion.four_eyes
    assert settings.retention.personal_days == 400


def test_the_older_variable_still_asks_for_a_second_person(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert not Settings().promotion.four_eyes
    monkeypatch.setenv("LEADS_FOUR_EYES", "true")
    assert Settings().promotion.four_eyes
