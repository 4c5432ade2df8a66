"""The choice between the two ways of batch scoring, by what the warehouse counts."""

import uuid

import pytest

from include.settings import settings
from lifecycle.names import Names
from lifecycle.scoring import next_scorer


@pytest.fixture(scope="module")
def open_leads():
    """A warehouse on local AWS with three open leads and a closed one."""
    from localaws.server import running

    with pytest.MonkeyPatch.context() as patch, running() as endpoint:
        credentials = {
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_DEFAULT_REGION": "ap-south-1",
        }
        for name, value in {
            **credentials,
            "AWS_ENDPOINT_URL": endpoint,
        }.items():
            patch.setenv(name, value)
        settings.cache_clear()
        names = Names()
        warehouse = names.warehouse
        warehouse.execute(names.statements.render("create_leads"))
        for converted in ("NULL", "NULL", "NULL", "1"):
            values = f"('{uuid.uuid4()}', {converted})"
            warehouse.execute(
                f"INSERT INTO public.leadstable (prospect_id, converted) VALUES {values}"
            )
        yield
    settings.cache_clear()


@pytest.mark.parametrize(
    ("threshold", "branch"),
    [
        ("3", "score"),
        ("2", "pack_champions"),
        ("0", "pack_champions"),
        ("200000", "score"),
    ],
)
def test_more_open_leads_than_the_setting_says_are_sparks(
    open_leads, monkeypatch, threshold, branch
):
    monkeypatch.setenv("LEADS_SPARK_SCORING_THRESHOLD", threshold)
    settings.cache_clear()
    assert next_scorer() == branch
    settings.cache_clear()
