"""DAGs of several contracts: the default one's as ever, another one's beside them, each with its own names alone."""

import gc
import re
import shutil
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from airflow.sdk import Asset
from airflow.sdk.execution_time.context import set_current_context
from jinja2 import Environment, StrictUndefined

from include.contract import load_contract
from include.contract.errors import ContractError
from include.lake.layout import Layout
from include.settings import Settings, settings
from lead_ops.contracts import contract_of, dag_id_of, name_of
from lifecycle import contracts
from lifecycle.crawler import crawl, crawler_config
from lifecycle.macros import MACROS
from lifecycle.names import Names
from lifecycle.platform import TABLES, VIEWS
from lifecycle.training_snapshot import SNAPSHOT_SQL, VOTES_SQL

DAGS = Path(__file__).resolve().parents[2] / "dags"
PARTNERS = (
    Path(__file__).parents[1] / "fixtures" / "contracts" / "partners.yaml"
)
STORY = DAGS.parent / "demo" / "story" / "b2b_crm.yaml"
DEFAULT_IDS = {
    "bootstrap_platform",
    "collect_feedback",
    "data_drift_redshift_retrain",
    "deploy_endpoint",
    "erase_expired_leads",
    "ingest_leads",
    "monitor_drift",
    "promote_model",
    "score_leads",
    "train_models",
}
MOMENT = datetime(2026, 2, 3, 1, 17, tzinfo=UTC)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The folder of the setting: one good contract, and one whose file is broken; in force in this module."""
    place = tmp_path_factory.mktemp("contracts")
    shutil.copy(PARTNERS, place)
    (place / "broken.yaml").write_text("contract: broken\nversion: none\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LEADS_CONTRACTS_FOLDER", str(place))
        settings.cache_clear()
        yield place
    settings.cache_clear()


@pytest.fixture(scope="module")
def two(folder):
    """The DAG bag with both."""
    from airflow.dag_processing.dagbag import DagBag

    return DagBag(DAGS)


@contextmanager
def running(dag_id):
    ti = SimpleNamespace(
        dag_id=dag_id,
        run_id="r1",
        start_date=MOMENT,
        xcom_pull=lambda **_: {
            "since": MOMENT,
            "until": MOMENT,
            "champion_since": MOMENT,
            "matured_until": MOMENT,
        },
    )
    with set_current_context({"ti": ti}):
        yield ti


def test_with_one_contract_every_dag_id_is_as_it_was(dags):
    assert set(dags) == DEFAULT_IDS


def test_a_second_contract_has_the_same_dags_with_its_name_in_front_and_as_a_tag(
    two, dags
):
    of_partners = {f"partners.{name}" for name in DEFAULT_IDS}
    assert set(two.dags) >= DEFAULT_IDS | of_partners
    for dag_id in of_partners:
        plain = two.dags[name_of(dag_id)]
        dag = two.dags[dag_id]
        assert dag.tags == {*plain.tags, "partners"}
        assert dag.task_ids == plain.task_ids
        assert Path(dag.fileloc).stem == name_of(dag_id)
        assert plain.tags == dags[plain.dag_id].tags


def test_a_broken_file_is_named_in_an_import_error_and_stops_no_other_contract(
    two,
):
    ((file, error),) = two.import_errors.items()
    assert Path(file).name == "contracts.py"
    assert "broken.yaml: key 'version'" in error
    assert "partners.ingest_leads" in two.dags
    assert "ingest_leads" in two.dags
    with (
        running("broken.ingest_leads"),
        pytest.raises(ContractError, match="broken.yaml"),
    ):
        assert Names().contract
    with running("partners.ingest_leads"):
        assert Names().contract.contract == "partners"


def test_assets_start_the_dags_of_their_own_contract(two):
    dags = two.dags
    leads, champions = Asset("partners.leads"), Asset("partners.champions")
    assert dags["partners.ingest_leads"].get_task("merge_leads").outlets == [
        leads
    ]
    assert list(dags["partners.score_leads"].schedule) == [leads]
    assert list(dags["partners.deploy_endpoint"].schedule) == [champions]
    for dag_id, task_id in (
        ("partners.promote_model", "promote"),
        ("partners.promote_model", "rollback"),
        ("partners.data_drift_redshift_retrain", "promote"),
    ):
        assert dags[dag_id].get_task(task_id).outlets == [champions]


def test_what_a_trigger_form_gets_for_one_contract_stays_there(two):
    for name in ("ingest_leads", "promote_model"):
        plain = two.dags[name].params
        own = two.dags[f"partners.{name}"].params
        assert plain.dump() == own.dump()
        for key in plain:
            assert plain.get_param(key) is not own.get_param(key)


def test_garbage_is_not_looked_for_while_a_file_makes_its_dags():
    enabled = [gc.isenabled() for _ in contracts.contracts()]
    assert enabled
    assert not any(enabled)
    assert gc.isenabled()


def test_a_file_that_fails_half_way_leaves_the_collector_running():
    with pytest.raises(ZeroDivisionError), contracts.uncollected():
        1 / 0  # noqa: B018 - any error
    assert gc.isenabled()


def test_a_contract_is_gone_once_its_file_is(monkeypatch, tmp_path):
    monkeypatch.setenv("LEADS_CONTRACTS_FOLDER", str(tmp_path))
    shutil.copy(PARTNERS, tmp_path)
    assert list(contracts.contracts()) == ["", "partners"]
    (tmp_path / "partners.yaml").unlink()
    assert list(contracts.contracts()) == [""]


@pytest.mark.parametrize(
    ("dag_id", "names"),
    [
        ("partners.ingest_leads", ["partners"]),
        ("ingest_leads", [""]),
        ("gone.ingest_leads", ["", "partners"]),
    ],
)
def test_a_worker_makes_the_dags_of_its_tasks_contract_alone(
    monkeypatch, tmp_path, dag_id, names
):
    monkeypatch.setenv("LEADS_CONTRACTS_FOLDER", str(tmp_path))
    monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", dag_id)
    shutil.copy(PARTNERS, tmp_path)
    assert list(contracts.contracts()) == names


def test_the_default_contract_at_parse_is_the_one_of_the_settings():
    default = Settings.model_fields["contract"].default
    assert default == contracts.DEFAULT_CONTRACT


def templates_of(value):
    """Every text that a task may render."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from templates_of(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from templates_of(part)


def rendered(dag):
    """Every text of a DAG's tasks, as a run renders it."""
    environment = Environment(undefined=StrictUndefined)  # noqa: S701 - no HTML
    texts = {
        template
        for task in dag.tasks
        for field in task.template_fields
        for template in templates_of(getattr(task, field, None))
        if "names." in template or "sql(" in template
    }
    with running(dag.dag_id) as ti:
        dag_run = SimpleNamespace(data_interval_end=None, run_after=MOMENT)
        for text in sorted(texts):
            yield environment.from_string(text).render(
                ti=ti,
                dag=dag,
                dag_run=dag_run,
                params=SimpleNamespace(prefix=None),
                **MACROS,
            )


def own_words(contract):
    names = contract.names
    return [
        names.table,
        names.scores_table,
        names.drift_table,
        names.promotions_table,
        names.feedback_table,
    ]


def test_every_text_that_a_contracts_tasks_render_has_its_own_names_alone(two):
    default = load_contract("x_education")
    bucket = f"s3://{settings().s3.bucket}/"
    count = 0
    for name in sorted(DEFAULT_IDS):
        for text in rendered(two.dags[f"partners.{name}"]):
            count += 1
            for word in own_words(default):
                assert not re.search(rf"\b{word}\b", text), (name, word, text)
            keys = re.findall(rf"{re.escape(bucket)}([^'\s]*)", text)
            assert all(key.startswith("partners/") for key in keys), text
    assert count > 30


def test_the_names_of_glue_and_sagemaker_are_the_contracts_own(folder):
    with running("partners.deploy_endpoint"):
        own = Names().settings
        layout = Names().layout
    assert own.glue.crawler == "jobcrawler-partners"
    assert own.glue.table_prefix == "partners_"
    assert own.glue.job == "s3ToRedshift-partners"
    assert own.glue.scoring_job == "scoreLeads-partners"
    assert own.endpoint.name == "lead-conversion-partners"
    assert layout.raw.endswith("/partners/raw-data/")
    with running("deploy_endpoint"):
        assert Names().settings == settings()


def test_the_crawler_has_a_target_for_each_source(folder):
    with running("partners.ingest_leads") as ti:
        partners = crawler_config(Names())
        operator = crawl()
        operator.render_template_fields({"ti": ti})
    raw = f"s3://{settings().s3.bucket}/partners/raw-data/"
    assert partners["Targets"] == {"S3Targets": [{"Path": raw}]}
    assert operator.config == partners
    story = Layout(settings(), load_contract(str(STORY)))
    sources = crawler_config(SimpleNamespace(settings=settings(), layout=story))
    paths = [target["Path"] for target in sources["Targets"]["S3Targets"]]
    assert paths == [
        f"{story.raw}{source}/"
        for source in (
            "crm/leads",
            "crm/interactions",
            "marketing/email",
            "marketing/ads",
            "applications",
        )
    ]


@pytest.mark.parametrize("name", [*TABLES, *VIEWS, "grant_reading"])
def test_tables_are_made_for_the_running_contract(folder, name):
    with running("partners.bootstrap_platform"):
        sql = MACROS["sql"](name)
    assert "partner_" in sql
    for word in own_words(load_contract("x_education")):
        assert word not in sql


def test_a_snapshot_is_the_running_contracts(folder):
    environment = Environment(undefined=StrictUndefined)  # noqa: S701 - no HTML
    with running("partners.train_models") as ti:
        sql = environment.from_string(SNAPSHOT_SQL + VOTES_SQL)
        assert "partner_leads" in sql.render(ti=ti, **MACROS)


def test_a_contract_does_not_ingest_the_folder_of_another_one(folder):
    run = SimpleNamespace(data_interval_end=None, run_after=MOMENT)
    with running("partners.ingest_leads"):
        names = Names()
        assert names.source("partners/raw-data/x", run).endswith("/x/")
        with pytest.raises(
            ContractError, match="belongs to contract x_education"
        ):
            names.source("raw-data/x", run)
    with (
        running("ingest_leads"),
        pytest.raises(ContractError, match="belongs to contract partners"),
    ):
        Names().source("partners/raw-data/x", run)


@pytest.mark.parametrize(
    ("dag_id", "contract", "name"),
    [
        ("ingest_leads", "", "ingest_leads"),
        ("partners.ingest_leads", "partners", "ingest_leads"),
    ],
)
def test_a_dags_id_says_its_contract(dag_id, contract, name):
    assert contract_of(dag_id) == contract
    assert name_of(dag_id) == name
    assert dag_id_of(contract, name) == dag_id
