"""Read the settings of the whole project from environment variables into one frozen object.

Settings say where the project runs, in one group for each service. What the business decides stands in the contract
(`include.decisions`); `settings.decisions` overrules it for one deployment. Defaults are the guide's own names. Each
field is set by one environment variable, `LEADS_…`. AWS's and
MLflow's own variables (`AWS_ENDPOINT_URL`, `AWS_DEFAULT_REGION`, `MLFLOW_TRACKING_URI`) keep their standard names.
docs/settings.md lists them all.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, Self

from pydantic import AliasChoices, BaseModel, Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from include.decisions import Decisions


def _group(prefix: str) -> SettingsConfigDict:
    return SettingsConfigDict(
        env_prefix=prefix, frozen=True, extra="forbid", populate_by_name=True
    )


class S3Settings(BaseSettings):
    """Say where objects lie in S3."""

    model_config = _group("LEADS_")

    bucket: str = Field(
        "leadconversiondata", description="bucket of the data lake"
    )
    raw_prefix: str = Field(
        "raw-data", description="CSV files of leads as they arrive"
    )
    processed_prefix: str = Field(
        "processed-data",
        description="Parquet files that ingestion and scoring make",
    )
    artifacts_prefix: str = Field(
        "model-artifacts", description="training snapshots and model archives"
    )
    quarantine_prefix: str = Field(
        "quarantine", description="rows that ingestion refused"
    )
    reports_prefix: str = Field(
        "reports",
        description="pages and JSON about drift, gate, models and data",
    )
    scripts_prefix: str = Field(
        "scripts", description="scripts and code of the Glue jobs"
    )
    feedback_prefix: str = Field(
        "feedback", description="what the sales team reports about scores"
    )


class GlueSettings(BaseSettings):
    """Name the objects in AWS Glue."""

    model_config = _group("LEADS_GLUE_")

    database: str = Field(
        "lead_conversion_db", description="database of the Data Catalog"
    )
    crawler: str = Field("jobcrawler", description="crawler of the raw files")
    table_prefix: str = Field(
        "", description="begins the names of the crawler's tables"
    )
    job: str = Field("s3ToRedshift", description="job that types raw files")
    scoring_job: str = Field(
        "scoreLeads", description="job that scores open leads on Spark"
    )
    role: str = Field(
        "glueaccessrole", description="IAM role of crawler and jobs"
    )
    connection: str = Field(
        "RedshiftConnection",
        description="connection for people in Glue Studio; no job uses it",
    )


class RedshiftSettings(BaseSettings):
    """Name the objects in Redshift Serverless."""

    model_config = _group("LEADS_REDSHIFT_")

    workgroup: str = Field(
        "default-workgroup", description="workgroup that runs the statements"
    )
    database: str = Field("dev", description="database of the tables")
    schema_name: str = Field(
        "public",
        validation_alias=AliasChoices("LEADS_REDSHIFT_SCHEMA"),
        description="schema of the tables",
    )
    secret: str = Field(
        "prod/redshift/credentials",
        description="name of the secret with the credentials",
    )
    reader_role: str = Field(
        "leads_reader",
        pattern=r"^[a-z_][a-z0-9_]*$",
        description="database role that may read tables and views; people in Studio have it",
    )


class MlflowSettings(BaseSettings):
    """Say where MLflow is, and how to log in there."""

    model_config = _group("LEADS_MLFLOW_")

    tracking_uri: str = Field(
        "http://localhost:5000",
        validation_alias=AliasChoices(
            "LEADS_MLFLOW_TRACKING_URI", "MLFLOW_TRACKING_URI"
        ),
        description="address of the MLflow server",
    )
    secret: str = Field(
        "",
        description="secret with user name and password of an account of MLflow; without one nobody logs in",
    )
    certificate: str = Field(
        "",
        description="S3 URI of the certificate that the MLflow server has signed itself; without one the system's "
        "authorities are trusted",
    )


class WebSettings(BaseSettings):
    """Give a person's browser its addresses, where they differ from those of the programs."""

    model_config = _group("LEADS_WEB_")

    mlflow: str = Field(
        "",
        description="address of MLflow in a browser, where it is not the tracking URI",
    )
    s3: str = Field(
        "",
        description="address of local AWS's S3 in a browser, where it is not AWS_ENDPOINT_URL",
    )


class TrainingSettings(BaseSettings):
    """Configure training jobs on SageMaker."""

    model_config = _group("LEADS_TRAINING_")

    image: str = Field(
        "lead-conversion-training",
        description="ECR URI of an image with this project and its requirements, for training on SageMaker; "
        "local AWS runs the checkout in its place",
    )
    role: str = Field(
        "sagemaker-training-role", description="IAM role of the jobs"
    )
    instance: str = Field(
        "ml.m5.large", description="instance type of the jobs"
    )
    subnets: tuple[str, ...] = Field(
        (), description="where a job can reach MLflow; empty: outside any VPC"
    )
    security_groups: tuple[str, ...] = Field(
        (), description="security groups of the jobs"
    )
    kms_key: str = Field(
        "",
        description="KMS key of the jobs' results and volumes; empty: AWS's own key",
    )


class EndpointSettings(BaseSettings):
    """Configure the real-time endpoint on SageMaker."""

    model_config = _group("LEADS_ENDPOINT_")

    name: str = Field(
        "lead-conversion",
        pattern=r"^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}$",
        description="name of the endpoint",
    )
    image: str = Field(
        "lead-conversion-api",
        description="ECR URI of the scoring API's image, which is the endpoint's too",
    )
    role: str = Field(
        "sagemaker-endpoint-role", description="IAM role of the container"
    )
    instance: str = Field("ml.m5.large", description="instance type")
    instances: int = Field(1, ge=1, description="number of instances")
    capture_percentage: int = Field(
        20,
        ge=0,
        le=100,
        description="percentage of requests and answers that the endpoint keeps in S3; 0: none",
    )
    kms_key: str = Field(
        "",
        description="KMS key of the endpoint's volumes and of captured requests; empty: AWS's own key",
    )
    on_promotion: bool = Field(
        False,
        description="true: a promotion deploys the champions to the endpoint",
    )


class ScoringSettings(BaseSettings):
    """Configure batch scoring, and the search for new champions."""

    model_config = _group("LEADS_")

    spark_threshold: int = Field(
        200_000,
        ge=0,
        validation_alias=AliasChoices("LEADS_SPARK_SCORING_THRESHOLD"),
        description="more open leads than this are scored by Spark on Glue, not in an Airflow task",
    )
    champion_poll_seconds: float = Field(
        2.0,
        gt=0,
        description="how often the scoring API looks for a new champion",
    )


class PromotionSettings(BaseSettings):
    """Say who may promote."""

    model_config = _group("LEADS_PROMOTION_")

    four_eyes: bool = Field(
        False,
        validation_alias=AliasChoices(
            "LEADS_PROMOTION_FOUR_EYES", "LEADS_FOUR_EYES"
        ),
        description="true: a run that a person started promotes and rolls back only once another person has approved",
    )


class RetentionSettings(BaseSettings):
    """Say how long personal data is kept."""

    model_config = _group("LEADS_RETENTION_")

    personal_days: int = Field(
        0,
        ge=0,
        description="leads whose outcome has been known for so many days are erased, with their scores and feedback; "
        "0: never",
    )


class ApiSettings(BaseSettings):
    """Configure the scoring API."""

    model_config = _group("LEADS_API_")

    auth: Literal["keys", "off"] = Field(
        "keys", description="off: anyone who reaches the API may use it"
    )
    keys_secret: str = Field(
        "prod/scoring-api/keys",
        description="secret with JSON of key name to SHA-256 in hex",
    )
    keys_refresh_seconds: float = Field(
        120.0,
        gt=0,
        description="how often the scoring API reads its keys again",
    )
    keys_keep_seconds: float = Field(
        900.0,
        ge=0,
        description="how long the scoring API uses the keys read last while Secrets Manager does not answer; then it "
        "lets nobody in",
    )
    requests_per_second: float = Field(
        50.0, ge=0, description="sustained, for each key; 0: without limit"
    )
    burst: int = Field(
        200,
        ge=1,
        description="requests that a key may make at once after a pause",
    )
    max_leads: int = Field(
        1000,
        ge=1,
        description="leads in one request; POST /predict/batch takes more",
    )
    max_upload_leads: int = Field(
        200_000,
        ge=1,
        description="leads in a file for POST /predict/batch or the lead desk",
    )
    upload_seconds: float = Field(
        120.0,
        gt=0,
        description="scoring such a file stops after so many seconds",
    )
    max_columns: int = Field(
        500, ge=1, description="columns of one lead, unknown ones included"
    )
    max_events: int = Field(
        1000, ge=1, description="events of one lead in a request"
    )
    model_folder: str = Field(
        "",
        description="folder with bundled champions to serve in place of the registry's",
    )


class DeskSettings(BaseSettings):
    """Configure the lead desk."""

    model_config = _group("LEADS_DESK_")

    leads: int = Field(
        20_000,
        ge=1,
        description="the lead desk lists at most so many open leads, the best ones",
    )
    seconds: float = Field(
        30.0,
        gt=0,
        description="how long the lead desk shows what it has read from S3",
    )
    max_upload_leads: int = Field(
        50_000,
        ge=1,
        description="leads in a file that is uploaded to the desk; its page holds them all",
    )


class AlertSettings(BaseSettings):
    """Configure alerts."""

    model_config = _group("LEADS_ALERT_")

    email: str = Field(
        "mlops@example.com", description="who gets the alerts sent by email"
    )


class DecisionOverrides(Decisions, BaseSettings):
    """Overrule, for one deployment, what the contract's `decisions:` say; without either, the default holds."""

    model_config = _group("LEADS_")

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        """Judge nothing yet: a field may fit those of the contract only (`include.contract.decided`)."""
        return self


class Settings(BaseSettings):
    """Hold all that differs between a laptop, docker-compose and MWAA; what a lead is stands in the contract.

    A group may be given whole: `Settings(api=ApiSettings(burst=3))`.
    """

    model_config = _group("LEADS_")

    contract: str = Field(
        "x_education",
        description="name of a file in include/contract/, or the path of a YAML file; the default contract",
    )
    contracts_folder: str = Field(
        "",
        description="folder of further contracts in force, beside those in include/contract/",
    )
    region: str = Field(
        "ap-south-1",
        validation_alias=AliasChoices(
            "LEADS_REGION", "AWS_REGION", "AWS_DEFAULT_REGION"
        ),
        description="AWS region",
    )
    git_commit: str = Field(
        "",
        validation_alias=AliasChoices(
            "LEADS_GIT_COMMIT", "GIT_COMMIT", "GITHUB_SHA"
        ),
        description="commit of the code, kept with every model",
    )

    s3: S3Settings = Field(default_factory=S3Settings)
    glue: GlueSettings = Field(default_factory=GlueSettings)
    redshift: RedshiftSettings = Field(default_factory=RedshiftSettings)
    mlflow: MlflowSettings = Field(default_factory=MlflowSettings)
    web: WebSettings = Field(default_factory=WebSettings)
    training: TrainingSettings = Field(default_factory=TrainingSettings)
    endpoint: EndpointSettings = Field(default_factory=EndpointSettings)
    scoring: ScoringSettings = Field(default_factory=ScoringSettings)
    promotion: PromotionSettings = Field(default_factory=PromotionSettings)
    retention: RetentionSettings = Field(default_factory=RetentionSettings)
    api: ApiSettings = Field(default_factory=ApiSettings)
    desk: DeskSettings = Field(default_factory=DeskSettings)
    alerts: AlertSettings = Field(default_factory=AlertSettings)
    decisions: DecisionOverrides = Field(default_factory=DecisionOverrides)


@dataclass(frozen=True)
class Setting:
    """Describe one setting as a deployment sees it.

    Attributes:
        path: where the code finds it, such as `api.burst`.
        variables: environment variables that set it; the first that is there wins.
        default: its value when none is set.
        description: what it means.
    """

    path: str
    variables: tuple[str, ...]
    default: Any
    description: str


def all_settings() -> Iterator[Setting]:
    """Yield every setting, in the order of the classes above."""
    yield from _settings_of(Settings, "")


def environment_of(current: Settings) -> dict[str, str]:
    """Return the environment variables that give another process the settings that were set in this one."""
    variables: dict[str, str] = {}
    for setting in all_settings():
        *groups, name = setting.path.split(".")
        owner: BaseModel = current
        for group in groups:
            owner = getattr(owner, group)
        if name not in owner.model_fields_set:
            continue
        value = owner.model_dump(mode="json", include={name})[name]
        text = value if isinstance(value, str) else json.dumps(value)
        variables[setting.variables[0]] = text
    return variables


@lru_cache(maxsize=1)
def settings() -> Settings:
    """Return the process's settings, read once. Raises pydantic.ValidationError that names the field of a bad value."""
    return Settings()


def _settings_of(group: type[BaseSettings], path: str) -> Iterator[Setting]:
    """Yield the settings of a group and of the groups inside it."""
    for name, field in group.model_fields.items():
        nested = field.annotation
        if isinstance(nested, type) and issubclass(nested, BaseSettings):
            yield from _settings_of(nested, f"{name}.")
            continue
        yield Setting(
            path=path + name,
            variables=_variables(group, name),
            default=field.default,
            description=field.description or "",
        )


def _variables(group: type[BaseSettings], name: str) -> tuple[str, ...]:
    """Return the environment variables of a field; the first one that exists wins."""
    alias = group.model_fields[name].validation_alias
    if isinstance(alias, AliasChoices):
        return tuple(str(choice) for choice in alias.choices)
    prefix = group.model_config["env_prefix"]
    return (f"{prefix}{name}".upper(),)
