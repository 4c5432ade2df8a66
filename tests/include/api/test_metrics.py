import pytest
from prometheus_client.parser import text_string_to_metric_families

from include.api.access.keys import Keys, hash_of
from include.api.errors import KeysUnusableError
from include.contract import KnownAt
from include.registry.errors import NoChampionError
from include.scoring.champions import ChampionHolder, Champions


def figures(client):
    """Name and labels to value."""
    families = text_string_to_metric_families(client.get("/metrics").text)
    return {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in families
        for sample in family.samples
    }


def test_requests_are_counted_by_route_method_and_status(client, lead):
    client.post("/predict", json=lead)
    client.post("/predict", data="{", content_type="application/json")
    client.get("/no/such/path")
    found = figures(client)
    assert found["leads_api_requests_total", "/predict", "200", "POST"] == 1
    assert found["leads_api_requests_total", "/predict", "400", "POST"] == 1
    assert found["leads_api_requests_total", "404", "GET", "unmatched"] == 1


def test_latencies_are_a_histogram_by_route(client, lead):
    client.post("/predict", json=lead)
    assert figures(client)["leads_api_seconds_bucket", "+Inf", "/predict"] == 1


def test_leads_are_counted_by_stage_and_version(client, lead):
    client.post("/predict", json=[lead, lead, lead | {"opinion": None}])
    found = figures(client)
    assert found["leads_api_leads_scored_total", "7", "contact"] == 2
    assert found["leads_api_leads_scored_total", "3", "capture"] == 1


@pytest.fixture
def contract(contract_with_levels):
    return contract_with_levels


def test_levels_that_the_contract_does_not_name_are_counted_by_field_and_never_quoted(
    client, lead
):
    client.post(
        "/predict",
        json=[
            lead,
            lead | {"channel": "carrier pigeon"},
            lead | {"channel": None},
            {"channel": "x"},
        ],
    )
    assert figures(client)["leads_api_unknown_levels_total", "channel"] == 2
    assert "pigeon" not in client.get("/metrics").text


def test_the_serving_versions_are_told(client, contract):
    assert (
        figures(client)[
            (
                "leads_api_champion",
                *sorted(("contact", contract.model_name(), "7")),
            )
        ]
        == 1
    )


def test_looks_at_the_registry_in_vain_are_counted_by_stage(
    contract, client_of
):
    def away(served):
        raise OSError("away")

    def none_yet(served):
        raise NoChampionError("none yet")

    holders = {
        KnownAt.CONTACT: ChampionHolder(away),
        KnownAt.CAPTURE: ChampionHolder(none_yet),
    }
    champions = Champions(contract, holders, poll_seconds=60)
    for _ in range(3):
        champions.refresh()
    found = figures(client_of(champions))
    assert found["leads_api_refresh_failures_total", "contact"] == 3
    assert found["leads_api_refresh_failures_total", "capture"] == 0


def test_keys_that_cannot_be_read_are_a_figure(serving_champions, client_of):
    store = {"crm": hash_of("k")}

    def read():
        if not store:
            raise KeysUnusableError("gone")
        return store

    keys = Keys(read)
    keys.refresh()
    client = client_of(serving_champions, keys)
    headers = {"X-API-Key": "k"}
    page = client.get("/metrics", headers=headers).text
    assert "leads_api_keys_loaded 1.0" in page
    store.clear()
    keys.refresh()
    assert client.get("/metrics", headers=headers).status_code == 503
    store["crm"] = hash_of("k")
    keys.refresh()
    page = client.get("/metrics", headers=headers).text
    assert "leads_api_keys_refresh_failures_total 1.0" in page
