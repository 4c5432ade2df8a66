"""Tasks that set up what the other DAGs need: warehouse tables, Glue script, Glue job and crawler."""

from airflow.sdk import task

from lifecycle.crawler import crawler_config
from lifecycle.defaults import API_CALL
from lifecycle.glue_jobs import (
    JOB,
    JOB_DESCRIPTION,
    SCORING_JOB,
    SCORING_JOB_DESCRIPTION,
)
from lifecycle.warehouse import statements

TABLES = (
    "create_leads",
    "create_staging",
    "create_scores",
    "create_drift_metrics",
    "create_promotions",
    "create_feedback",
    "create_feedback_staging",
    "create_feedback_withdrawals",
)
VIEWS = ("drop_current_scores", "create_current_scores")


def create_tables():
    """Create every table of the contract that does not exist yet, in one transaction."""
    creates = [f"{{{{ each_sql('{name}') }}}}" for name in TABLES]
    return statements("create_tables", *creates)


@task(**API_CALL)
def add_missing_columns():
    """Add the columns that the DDL has gained since a table was made; returns the statements that were run."""
    from include.warehouse import migrate
    from lifecycle.names import Names

    names = Names()
    changes = migrate.add_missing_columns(
        names.statements, names.warehouse, TABLES
    )
    for outcome in names.further_outcomes:
        changes += migrate.add_missing_columns(
            Names(outcome).statements, names.warehouse, TABLES
        )
    return changes


def create_views():
    """Drop the views over the tables and create them as this version has them, in one transaction."""
    creates = [f"{{{{ each_sql('{name}') }}}}" for name in VIEWS]
    return statements("create_views", *creates)


def grant_reading():
    """Let the readers' database role read every table and view; views that were made anew have lost it."""
    return statements("grant_reading", "{{ each_sql('grant_reading') }}")


@task(**API_CALL)
def upload_job_files():
    """Upload the Glue scripts, what they import and install, and the contract as JSON to the scripts prefix."""
    from importlib.resources import files

    from include.glue.code import code_zip
    from include.lake.objects import write_bytes, write_json
    from lifecycle.names import Names

    names = Names()
    scripts = files("include.glue")
    write_bytes(
        names.layout.job_script, (scripts / "s3_to_redshift.py").read_bytes()
    )
    write_bytes(
        names.layout.scoring_script, (scripts / "score_leads.py").read_bytes()
    )
    write_bytes(
        names.layout.scoring_requirements,
        (scripts / "requirements.txt").read_bytes(),
    )
    write_bytes(names.layout.job_code, code_zip())
    write_json(
        names.layout.job_contract, names.contract.model_dump(mode="json")
    )


@task(**API_CALL)
def create_glue_job(name, role, config, description):
    """Create a Glue job, or bring it up to date; arguments without a value are left out."""
    from airflow.providers.amazon.aws.hooks.glue import GlueJobHook

    defaults = config["DefaultArguments"]
    arguments = {key: value for key, value in defaults.items() if value}
    hook = GlueJobHook(
        job_name=name,
        desc=description,
        iam_role_name=role,
        create_job_kwargs={**config, "DefaultArguments": arguments},
    )
    return hook.create_or_update_glue_job()


@task(**API_CALL)
def create_crawler():
    """Create the crawler of the raw files, or bring it up to date."""
    from airflow.providers.amazon.aws.hooks.glue_crawler import GlueCrawlerHook

    from lifecycle.names import Names

    config = crawler_config(Names())
    hook = GlueCrawlerHook()
    if hook.has_crawler(config["Name"]):
        hook.update_crawler(**config)
    else:
        hook.create_crawler(**config)
    return config["Name"]


def glue_job():
    """Return the task `create_glue_job` with the settings' names."""
    return create_glue_job(
        "{{ names.settings.glue.job }}",
        "{{ names.settings.glue.role }}",
        JOB,
        JOB_DESCRIPTION,
    )


def scoring_job():
    """Return the task `create_scoring_job` with the settings' names."""
    return create_glue_job.override(task_id="create_scoring_job")(
        "{{ names.settings.glue.scoring_job }}",
        "{{ names.settings.glue.role }}",
        SCORING_JOB,
        SCORING_JOB_DESCRIPTION,
    )
