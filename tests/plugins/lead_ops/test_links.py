"""Links on task pages, from a real run of a DAG to what the API server answers about its tasks."""

import pytest

from include.contract.model import SCORING_STAGES
from lead_ops.links import LINKS, PAGES, STAGES, address
from tests.fixtures.dag_runs import share_between_tasks

DAG = """
from airflow.sdk import dag, task

def page(name):
    return f"http://reports.example/{name}.html"

@dag(schedule=None)
def shows_links():
    @task
    def analyse_drift():
        return {"verdict": "drift", "drift_page_url": page("drift"), "mlflow_run_url": "http://mlflow.example/#/runs/1"}

    @task
    def promote():
        return [{"stage": "contact", "gate_page_url": page("contact")},
                {"stage": "capture", "gate_page_url": page("capture"), "model_card_url": page("card")}]

    @task
    def register_challenger(stage):
        return {"stage": stage, "model_card_url": page(stage)}

    @task
    def no_action():
        return None

    [analyse_drift(), promote(), no_action(), register_challenger.expand(stage=["contact", "capture"])]

shows_links()
"""


@pytest.fixture(scope="module")
def run(airflow_db, tmp_path_factory):
    """The DAG's only run."""
    from airflow.dag_processing.bundles.manager import DagBundlesManager
    from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db

    folder = tmp_path_factory.mktemp("dags")
    (folder / "shows_links.py").write_text(DAG)
    bag = DagBag(folder, bundle_path=folder, bundle_name="dags-folder")
    DagBundlesManager().sync_bundles_to_db()
    sync_bag_to_db(bag, "dags-folder", None)
    with pytest.MonkeyPatch.context() as patch:
        share_between_tasks(patch)
        return bag.dags["shows_links"].test()


@pytest.fixture
def shown(run):
    """What the UI shows of a task instance: the API's answer without the links that are empty."""
    from airflow.api_fastapi.core_api.routes.public.extra_links import (
        get_extra_links,
    )
    from airflow.models.dagbag import DBDagBag
    from airflow.utils.session import create_session

    def links(task_id, map_index=-1):
        with create_session() as session:
            answer = get_extra_links(
                run.dag_id, run.run_id, task_id, session, DBDagBag(), map_index
            )
        return {name: link for name, link in answer.extra_links.items() if link}

    return links


def test_a_task_shows_the_pages_that_its_result_names(shown):
    assert shown("analyse_drift") == {
        "Drift page": "http://reports.example/drift.html",
        "MLflow run": "http://mlflow.example/#/runs/1",
    }


def test_a_task_that_decides_for_several_stages_shows_a_link_for_each(shown):
    assert shown("promote") == {
        "Gate page, contact": "http://reports.example/contact.html",
        "Gate page, capture": "http://reports.example/capture.html",
        "Model card, capture": "http://reports.example/card.html",
    }


@pytest.mark.parametrize(
    ("map_index", "stage"), [(0, "contact"), (1, "capture")]
)
def test_every_instance_of_a_mapped_task_shows_its_own_page(
    shown, map_index, stage
):
    assert shown("register_challenger", map_index) == {
        "Model card": f"http://reports.example/{stage}.html"
    }


def test_a_task_without_pages_shows_no_link(shown):
    assert shown("no_action") == {}


def test_an_address_that_is_none_for_a_browser_is_no_link():
    for value in ("s3://bucket/reports/x.html", "javascript:alert(1)", None, 7):
        assert address({"drift_page_url": value}, "drift_page_url") == ""


def test_every_link_has_a_name_of_its_own():
    assert len({link.name for link in LINKS}) == len(LINKS)
    assert set(PAGES.values()) <= {link.name for link in LINKS}


def test_the_links_know_the_stages_that_exist():
    assert set(STAGES) == set(SCORING_STAGES)
