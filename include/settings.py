"""Typed settings of the whole project: environment variables in, one frozen object out.

Defaults are the guide's own names (DESIGN: bucket, crawler, job, workgroup, experiment). Each field is
overridden by `LEADS_<FIELD>`; AWS's and MLflow's own variables (`AWS_ENDPOINT_URL`, `AWS_DEFAULT_REGION`,
`MLFLOW_TRACKING_URI`) keep their standard names and are read by boto3 and here.
"""

from functools import lru_cache
from typing import Annotated, Literal, Self

from pydantic import AliasChoices, Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

Share = Annotated[float, Field(ge=0, le=1)]
Floors = dict[Literal["accuracy", "precision", "recall", "f1", "roc_auc", "pr_auc"], Share]


class Settings(BaseSettings):
    """What differs between a laptop, docker-compose and MWAA; never what a lead is (that is the contract)."""

    model_config = SettingsConfigDict(env_prefix="LEADS_", frozen=True, extra="forbid", populate_by_name=True)

    contract: str = Field("x_education", description="name of a file in include/contract/, or the path of a YAML file")
    region: str = Field("ap-south-1", validation_alias=AliasChoices("LEADS_REGION", "AWS_REGION", "AWS_DEFAULT_REGION"))

    bucket: str = "leadconversiondata"
    raw_prefix: str = "raw-data"
    processed_prefix: str = "processed-data"
    artifacts_prefix: str = "model-artifacts"
    quarantine_prefix: str = "quarantine"
    reports_prefix: str = "reports"
    scripts_prefix: str = "scripts"
    feedback_prefix: str = "feedback"

    glue_database: str = "lead_conversion_db"
    glue_crawler: str = "jobcrawler"
    glue_job: str = "s3ToRedshift"
    glue_scoring_job: str = "scoreLeads"
    spark_scoring_threshold: int = Field(
        200_000, ge=0, description="more open leads than this are scored by Spark on Glue, not in an Airflow task"
    )
    glue_role: str = "glueaccessrole"
    glue_connection: str = "RedshiftConnection"

    redshift_workgroup: str = "default-workgroup"
    redshift_database: str = "dev"
    redshift_schema: str = "public"
    redshift_secret: str = "prod/redshift/credentials"  # noqa: S105 - the secret's name, not its value

    mlflow_tracking_uri: str = Field(
        "http://localhost:5000", validation_alias=AliasChoices("LEADS_MLFLOW_TRACKING_URI", "MLFLOW_TRACKING_URI")
    )
    web_mlflow: str = Field("", description="address of MLflow in a browser, where it is not the tracking URI")
    web_s3: str = Field("", description="address of local AWS's S3 in a browser, where it is not AWS_ENDPOINT_URL")

    training_image: str = Field(
        "lead-conversion-training",
        description="ECR URI of an image with this project and its requirements, for training on SageMaker; "
        "local AWS runs the checkout in its place",
    )
    training_role: str = "sagemaker-training-role"
    training_instance: str = "ml.m5.large"
    training_subnets: tuple[str, ...] = Field((), description="where a job can reach MLflow; empty: outside any VPC")
    training_security_groups: tuple[str, ...] = ()

    endpoint_name: str = Field("lead-conversion", pattern=r"^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}$")
    endpoint_image: str = Field(
        "lead-conversion-api", description="ECR URI of the scoring API's image, which is the endpoint's too"
    )
    endpoint_role: str = "sagemaker-endpoint-role"
    endpoint_instance: str = "ml.m5.large"
    endpoint_instances: int = Field(1, ge=1)
    endpoint_capture_percentage: int = Field(
        20, ge=0, le=100, description="share of requests and answers that the endpoint keeps in S3; 0: none"
    )
    endpoint_on_promotion: bool = Field(False, description="whether a promotion deploys the champions to the endpoint")

    alert_email: str = Field("mlops@example.com", description="who gets the alerts sent by email")

    max_quarantined_share: float = Field(0.05, ge=0, le=1, description="the quality gate stops a load above it")
    drift_share_threshold: float = Field(0.3, ge=0, le=1, description="share of drifted columns that starts a retrain")
    min_drift_rows: int = Field(200, ge=1, description="fewer current rows than this: not enough data for a verdict")
    outage_missing_jump: float = Field(0.5, ge=0, le=1, description="jump in a column's missing share called an outage")
    outage_row_share: float = Field(
        0.2, ge=0, le=1, description="a window with at most this share of the leads it should hold is an outage"
    )
    drift_triggers: tuple[Literal["data", "prediction", "performance"], ...] = Field(
        ("data", "prediction", "performance"),
        description="kinds of drift that start a retrain; the champion is not asked for a kind that is left out",
    )
    drift_debounce_k: int = Field(1, ge=1, description="so many of the newest n analyses must say drift for a retrain")
    drift_debounce_n: int = Field(1, ge=1, description="how many of the newest analyses of a DAG are counted")
    label_maturity_days: float = Field(30.0, ge=0, description="days from ingestion until an outcome is taken as final")
    performance_leads: int = Field(2000, ge=1, description="performance is judged on this many newest matured leads")
    min_matured_leads: int = Field(200, ge=1, description="fewer matured leads than this: performance is not judged")
    min_matured_per_outcome: int = Field(30, ge=2, description="the same, for the leads of either outcome")
    max_auc_drop: float = Field(0.03, ge=0, le=1, description="loss of ROC-AUC since the holdout that starts a retrain")
    max_brier_rise: float = Field(0.03, ge=0, le=1, description="rise of the Brier score that starts a retrain")
    max_precision_drop: float = Field(0.1, ge=0, le=1, description="loss of precision that starts a retrain")
    primary_metric: Literal["roc_auc", "pr_auc", "f1"] = "roc_auc"

    floors_contact: Floors = Field(
        {"accuracy": 0.90, "precision": 0.85, "recall": 0.85, "roc_auc": 0.90},
        description="least figures on the holdout that a model of the stage may serve with, as JSON (guide 2.2)",
    )
    floors_engagement: Floors = Field({"roc_auc": 0.80}, description="the same; this stage knows less than contact")
    floors_capture: Floors = Field({"roc_auc": 0.75}, description="the same; this stage knows least")
    champion_max_age_days: float = Field(180.0, gt=0, description="an older champion may be replaced by an equal model")
    gate_refresh_margin: float = Field(0.005, ge=0, le=1, description="rule refresh: a loss to be ruled out")
    gate_brier_margin: float = Field(0.005, ge=0, le=1, description="a rise of the Brier score to be ruled out")
    gate_segment_rows: int = Field(150, ge=1, description="segments of the holdout with fewer leads are not compared")
    gate_segment_loss: float = Field(0.02, ge=0, le=1, description="largest loss that any segment may have")

    max_missing_share: float = Field(1.0, ge=0, le=1, description="a feature missing more often is dropped; guide: 0.4")
    threshold_policy: str = Field("f1", description="f1, precision_biased, cost or capacity=N (of every 1,000 leads)")
    false_positive_hours: float = Field(1.0, gt=0, description="policy cost: hours lost on a call in vain")
    missed_lead_hours: float = Field(2.0, gt=0, description="policy cost: hours that a missed conversion is worth")
    tier_policy: Literal["fixed", "threshold"] = Field("fixed", description="where tiers A-D begin")
    git_commit: str = Field("", validation_alias=AliasChoices("LEADS_GIT_COMMIT", "GIT_COMMIT", "GITHUB_SHA"))
    champion_poll_seconds: float = Field(2.0, gt=0, description="how often the scoring API looks for a new champion")

    desk_leads: int = Field(20_000, ge=1, description="the lead desk lists at most so many open leads, the best ones")
    desk_seconds: float = Field(30.0, gt=0, description="how long the lead desk shows what it has read from S3")
    feedback_labels: Literal["off", "open_only", "correct"] = Field(
        "open_only",
        description="what a training does with outcomes that reps report: nothing, label leads that are open in the "
        "warehouse, or overrule the warehouse's label too",
    )
    feedback_rep_share: float = Field(
        0.02, ge=0, le=1, description="largest share of the labelled leads whose training label any one rep may change"
    )
    feedback_weight: float = Field(
        1.0, gt=0, le=100, description="weight in training of a lead whose label most reps confirm; 1 has no effect"
    )
    api_auth: Literal["keys", "off"] = Field("keys", description="off: anyone who reaches the API may use it")
    api_keys_secret: str = Field("prod/scoring-api/keys", description="secret with JSON of key name to SHA-256 in hex")
    api_keys_refresh_seconds: float = Field(120.0, gt=0, description="how often the scoring API reads its keys again")
    api_requests_per_second: float = Field(50.0, ge=0, description="sustained, for each key; 0: without limit")
    api_burst: int = Field(200, ge=1, description="requests that a key may make at once after a pause")
    api_max_leads: int = Field(1000, ge=1, description="leads in one request; POST /predict/batch takes any number")
    api_max_columns: int = Field(500, ge=1, description="columns of one lead, those that nobody knows included")
    api_model_folder: str = Field("", description="folder with bundled champions to serve in place of the registry's")

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        if self.drift_debounce_k > self.drift_debounce_n:
            raise ValueError(
                f"drift_debounce_k is {self.drift_debounce_k} of drift_debounce_n {self.drift_debounce_n}, so no drift "
                "would ever be confirmed; set LEADS_DRIFT_DEBOUNCE_K to at most LEADS_DRIFT_DEBOUNCE_N"
            )
        return self


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The process's settings, read once. Raises pydantic.ValidationError naming the field of a bad value."""
    return Settings()
