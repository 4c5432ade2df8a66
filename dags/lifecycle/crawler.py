"""The crawler of the raw files: what is asked of it, and the task that runs it."""

from airflow.providers.amazon.aws.operators.glue_crawler import (
    GlueCrawlerOperator,
)

from lifecycle.defaults import API_CALL
from lifecycle.names import Names


def crawler_config(names):
    """Return the request for the crawler of the raw files, which has a target for each source of the contract."""
    glue = names.settings.glue
    folders = names.layout.raw_folders
    return {
        "Name": glue.crawler,
        "Role": glue.role,
        "DatabaseName": glue.database,
        "TablePrefix": glue.table_prefix,
        "Description": "Catalogues the raw CSV files of leads.",
        "Targets": {"S3Targets": [{"Path": folder} for folder in folders]},
    }


def _running_crawler(context, jinja_env):
    """Return the request for the running contract's crawler: Airflow calls it when it renders the operator."""
    return crawler_config(Names())


def crawl():
    """Run the crawler over the raw files, so that the Data Catalog shows what has arrived, a table for each source."""
    return GlueCrawlerOperator(
        task_id="crawl",
        config=_running_crawler,
        poll_interval=5,
        deferrable=False,  # apache/airflow#66374, as in lifecycle/warehouse.py; a crawl of one folder takes a minute
        # A retry may meet the crawl that the first try has started: wait for that one.
        fail_on_already_running=False,
        **{**API_CALL, "retries": 1},
    )
