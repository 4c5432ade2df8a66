"""### Bootstrap the platform

Run once before everything else, and again after a change of contract, Glue script or settings: creates the warehouse
tables and views, lets the readers' role read them, uploads the Glue scripts with the contract as JSON, creates or
updates the Glue jobs and the crawler.

Re-run: safe. What exists already is kept (tables, which gain the columns that they lack) or brought up to date (views,
scripts, jobs, crawler).
"""  # noqa: D415 - a Markdown heading

from datetime import timedelta

from airflow.sdk import DAG, chain

from lifecycle.contracts import contracts
from lifecycle.defaults import dag_defaults
from lifecycle.platform import (
    add_missing_columns,
    create_crawler,
    create_tables,
    create_views,
    glue_job,
    grant_reading,
    scoring_job,
    upload_job_files,
)

for contract in contracts():
    with DAG(
        schedule=None,
        catchup=False,
        doc_md=__doc__,
        **dag_defaults(
            "bootstrap_platform",
            contract,
            tags=["platform"],
            dagrun_timeout=timedelta(hours=8),
        ),
    ):
        chain(
            create_tables(),
            add_missing_columns(),
            create_views(),
            grant_reading(),
            upload_job_files(),
            [glue_job(), scoring_job(), create_crawler()],
        )
