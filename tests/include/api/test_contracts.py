"""Several contracts in one process: each has its own champions, desk and figures, and fails for itself."""

import pytest
import yaml

from include.api.access.auth import NOT_FOR_THIS
from include.api.access.keys import Keys, hash_of
from include.api.app import create_app
from include.api.contracts import UNUSABLE
from include.api.views.routes import ACTIONS, PAGES
from include.contract.in_force import RESERVED
from include.scoring.champions import Champions
from include.settings import settings

KEY = {"X-API-Key": "a-key"}
LIMITED = {"X-API-Key": "partners-key"}
ASKED = [
    ("POST", "/predict"), ("POST", "/predict/batch"), ("POST", "/invocations"), ("POST", "/feedback"),
    ("GET", "/desk"), ("GET", "/desk/score"), ("POST", "/desk/score"), ("POST", "/desk/upload"),
    ("POST", "/desk/feedback"), ("GET", "/model"), ("GET", "/metrics"),
]  # fmt: skip


@pytest.fixture
def keys():
    limited = {"hash": hash_of("partners-key"), "contracts": ["partners"]}
    keys = Keys(lambda: {"crm": hash_of("a-key"), "partners-crm": limited})
    keys.refresh()
    return keys


@pytest.fixture
def others(tmp_path, contract, serving_champions, monkeypatch):
    """The default contract `accounts`; `partners` with a table of its own, `thief` with a table of accounts."""
    folder = tmp_path / "others"
    folder.mkdir()
    content = contract.model_dump(mode="json", exclude_unset=True)
    for name in ("partners", "thief"):
        names = {
            key: f"{name}_{value}" for key, value in content["names"].items()
        }
        names["prefix"] = f"{name}/"
        if name == "thief":
            names["table"] = content["names"]["table"]
        file = folder / f"{name}.yaml"
        file.write_text(
            yaml.safe_dump(content | {"contract": name, "names": names})
        )
    (folder / "broken.yaml").write_text("contract: [")
    monkeypatch.setenv("LEADS_CONTRACTS_FOLDER", str(folder))
    settings.cache_clear()
    served = {}

    def watched(current, own, endpoint):
        served[own.contract] = current
        if own.contract == "partners":
            return serving_champions
        return Champions(own, {}, 60)

    monkeypatch.setattr("include.api.app._watched_champions", watched)
    yield served
    settings.cache_clear()


@pytest.fixture
def client(others, serving_champions, keys):
    return create_app(settings(), serving_champions, keys).test_client()


def test_a_lead_is_scored_under_the_contracts_name_and_the_default_ones_too(
    client, lead, others
):
    plain = client.post("/predict", json=lead, headers=KEY)
    for name in ("accounts", "partners"):
        reply = client.post(f"/{name}/predict", json=lead, headers=KEY)
        assert reply.status_code == 200
        assert reply.json["predictions"] == plain.json["predictions"]
    assert others["partners"].endpoint.name == "lead-conversion-partners"


@pytest.mark.parametrize("name", ["thief", "broken"])
def test_a_contract_that_cannot_be_used_answers_503_for_itself_alone(
    client, lead, name
):
    reply = client.post(f"/{name}/predict", json=lead, headers=KEY)
    assert (reply.status_code, reply.json["error"]) == (503, UNUSABLE)
    assert client.get(f"/{name}/readyz").status_code == 503
    assert client.post("/predict", json=lead, headers=KEY).status_code == 200
    assert client.get("/readyz").status_code == 200
    assert client.get("/partners/readyz").status_code == 200


def test_a_contract_without_a_model_is_not_ready_and_the_default_one_is(
    client, lead, monkeypatch
):
    monkeypatch.setattr(
        "include.api.app._watched_champions",
        lambda current, own, endpoint: Champions(own, {}, 60),
    )
    reply = client.post("/partners/predict", json=lead, headers=KEY)
    assert reply.status_code == 503
    assert client.get("/partners/readyz").status_code == 503
    assert client.get("/readyz").status_code == 200


def test_a_key_is_asked_for_under_every_contract(client):
    assert client.get("/partners/model").status_code == 401
    assert client.get("/partners/model", headers=KEY).status_code == 200


def test_the_desks_pages_stay_with_their_contract(client, monkeypatch):
    page = client.get("/partners/desk/score", headers=KEY).text
    assert 'action="/partners/desk/score"' in page
    assert 'action="/desk/' not in page
    moved = client.get("/partners")
    assert (moved.status_code, moved.location) == (308, "/partners/")


def test_each_contract_has_its_own_document_and_figures(client, lead):
    client.post("/partners/predict", json=lead, headers=KEY)
    version = client.get("/partners/openapi.json").json["info"]["version"]
    assert version == "partners-3"
    own = client.get("/partners/metrics", headers=KEY).text
    plain = client.get("/metrics", headers=KEY).text
    assert 'route="/partners/predict"' in own
    assert "partners" not in plain


def test_an_endpoint_serves_its_own_contract_alone(
    others, serving_champions, lead
):
    app = create_app(settings(), serving_champions, endpoint=True)
    reply = app.test_client().post("/partners/invocations", json=lead)
    assert reply.status_code in (401, 404)


def test_a_name_that_no_contract_has_is_no_route(client):
    assert client.get("/strangers/readyz", headers=KEY).status_code == 404


def test_no_contract_can_be_called_like_a_route():
    routes = {path.split("/")[1] for path in [*PAGES, *ACTIONS]}
    names = {route for route in routes if route.isidentifier()}
    assert names <= RESERVED


@pytest.mark.parametrize("prefix", ["", "/accounts"])
def test_a_key_of_another_contract_reads_and_asks_nothing(client, lead, prefix):
    for method, path in ASKED:
        body = lead if method == "POST" else None
        reply = client.open(
            prefix + path, method=method, json=body, headers=LIMITED
        )
        assert reply.status_code == 403, path
        assert NOT_FOR_THIS in reply.text


def test_a_path_cannot_lead_out_of_a_contract(client):
    for path in (
        "/partners/../model",
        "/partners/%2e%2e/model",
        "/partners//accounts/model",
    ):
        assert client.get(path, headers=LIMITED).status_code in (308, 404)


def test_a_key_of_one_contract_asks_its_own(client, lead):
    reply = client.post("/partners/predict", json=lead, headers=LIMITED)
    assert reply.status_code == 200
    assert client.get("/partners/model", headers=LIMITED).status_code == 200
    assert client.get("/readyz", headers=LIMITED).status_code == 200


def test_a_key_without_a_list_goes_for_every_contract(client, lead):
    for prefix in ("", "/accounts", "/partners"):
        reply = client.post(f"{prefix}/predict", json=lead, headers=KEY)
        assert reply.status_code == 200
