"""Tasks that set up what the other DAGs need: warehouse tables, Glue script, Glue job and crawler."""

from airflow.sdk import task

from lifecycle.defaults import API_CALL
from lifecycle.ingestion import CRAWLER
from lifecycle.warehouse import statements

TABLES = ("create_leads", "create_staging", "create_scores", "create_drift_metrics", "create_promotions")
TABLES += ("create_feedback", "create_feedback_staging")
JOB_DESCRIPTION = "Types raw CSV files of leads by the contract, quarantines what cannot be typed."
JOB = {
    "Command": {"Name": "glueetl", "ScriptLocation": "{{ names.layout.job_script }}", "PythonVersion": "3"},
    "GlueVersion": "5.0",
    "WorkerType": "G.1X",
    "NumberOfWorkers": 2,
    "Timeout": 60,
}


def create_tables():
    """Every table of the contract that does not exist yet, in one transaction."""
    return statements("create_tables", *(f"{{{{ sql('{name}') }}}}" for name in TABLES))


@task(**API_CALL)
def upload_job_files():
    """Glue script and contract (as JSON, as the job reads it) to the scripts prefix."""
    from importlib.resources import as_file, files

    from include.lake.objects import upload_file, write_json
    from lifecycle.names import Names

    names = Names()
    with as_file(files("include.glue") / "s3_to_redshift.py") as script:
        upload_file(script, names.layout.job_script)
    write_json(names.layout.job_contract, names.contract.model_dump(mode="json"))


@task(**API_CALL)
def create_glue_job(name, role, config):
    """Creates the Glue job, or brings it up to date."""
    from airflow.providers.amazon.aws.hooks.glue import GlueJobHook

    hook = GlueJobHook(job_name=name, desc=JOB_DESCRIPTION, iam_role_name=role, create_job_kwargs=config)
    return hook.create_or_update_glue_job()


@task(**API_CALL)
def create_crawler(config):
    """Creates the crawler of the raw files, or brings it up to date."""
    from airflow.providers.amazon.aws.hooks.glue_crawler import GlueCrawlerHook

    hook = GlueCrawlerHook()
    if hook.has_crawler(config["Name"]):
        hook.update_crawler(**config)
    else:
        hook.create_crawler(**config)
    return config["Name"]


def glue_job():
    """Task `create_glue_job` with the settings' names."""
    return create_glue_job("{{ names.settings.glue_job }}", "{{ names.settings.glue_role }}", JOB)


def crawler():
    """Task `create_crawler` with the settings' names."""
    return create_crawler(CRAWLER)
