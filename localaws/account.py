"""Name what the account holds before the first request."""

from pydantic import AliasChoices, Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Account(BaseSettings):
    """Names of the seeded account: those of the guide, unless environment variables give others.

    The variables are the project's own, so that a name that is changed there is changed here too.
    """

    model_config = SettingsConfigDict(
        frozen=True, extra="ignore", populate_by_name=True
    )

    region: str = Field(
        "ap-south-1",
        validation_alias=AliasChoices(
            "LEADS_REGION", "AWS_REGION", "AWS_DEFAULT_REGION"
        ),
    )
    bucket: str = Field("leadconversiondata", validation_alias="LEADS_BUCKET")
    reports_prefix: str = Field(
        "reports", validation_alias="LEADS_REPORTS_PREFIX"
    )
    glue_database: str = Field(
        "lead_conversion_db", validation_alias="LEADS_GLUE_DATABASE"
    )
    glue_role: str = Field("glueaccessrole", validation_alias="LEADS_GLUE_ROLE")
    training_role: str = Field(
        "sagemaker-training-role", validation_alias="LEADS_TRAINING_ROLE"
    )
    endpoint_role: str = Field(
        "sagemaker-endpoint-role", validation_alias="LEADS_ENDPOINT_ROLE"
    )
    workgroup: str = Field(
        "default-workgroup", validation_alias="LEADS_REDSHIFT_WORKGROUP"
    )
    database: str = Field("dev", validation_alias="LEADS_REDSHIFT_DATABASE")
    reader_role: str = Field(
        "leads_reader", validation_alias="LEADS_REDSHIFT_READER_ROLE"
    )
    """Database role of those who may read the warehouse; its administrator makes it."""
    warehouse_secret: str = Field(
        "prod/redshift/credentials", validation_alias="LEADS_REDSHIFT_SECRET"
    )
    api_keys_secret: str = Field(
        "prod/scoring-api/keys", validation_alias="LEADS_API_KEYS_SECRET"
    )
