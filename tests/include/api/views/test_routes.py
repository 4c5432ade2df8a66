import dataclasses
import json

import pytest

from include.api.access.keys import Keys, hash_of
from include.api.score_request import REASONS, VERSION_HEADER
from include.contract import KnownAt
from include.scoring.champions import ChampionHolder, Champions


def test_one_lead_as_json_gets_one_prediction_with_stage_version_and_reasons(
    client, lead, contract
):
    reply = client.post("/predict", json=lead)
    assert reply.status_code == 200
    assert reply.json["versions"] == {
        contract.model_name(): "7",
        contract.model_name(KnownAt.CAPTURE): "3",
    }
    (prediction,) = reply.json["predictions"]
    assert list(prediction) == [
        "account", "score", "probability", "prediction", "tier", "stage", "model_version", "reasons",
    ]  # fmt: skip
    assert (
        prediction["account"],
        prediction["stage"],
        prediction["model_version"],
    ) == ("a-1", "contact", "7")
    assert prediction["score"] == round(100 * prediction["probability"])
    assert prediction["reasons"][0]["text"] == "opinion: hot raises the score"


def test_the_versions_stand_in_the_header_too(client, lead):
    assert (
        client.post("/predict", json=lead).headers[VERSION_HEADER]
        == "contact=7, capture=3"
    )


def test_a_lead_nobody_has_contacted_is_scored_at_capture(client, lead):
    (prediction,) = client.post("/predict", json=lead | {"opinion": ""}).json[
        "predictions"
    ]
    assert (prediction["stage"], prediction["model_version"]) == (
        "capture",
        "3",
    )


def test_the_api_scores_as_the_scorer_does(client, staged, mixed):
    rows = mixed.head(200)
    leads = rows.astype(object).where(rows.notna(), None).to_dict("records")
    predictions = client.post("/predict", json=leads).json["predictions"]
    assert predictions == staged.score(rows, REASONS).astype(object).to_dict(
        "records"
    )


def test_csv_and_json_score_alike(client, accounts):
    rows = accounts.head(50)
    body = rows.to_csv(index=False)
    from_csv = client.post(
        "/predict", data=body, content_type="text/csv; charset=utf-8"
    ).json["predictions"]
    from_json = client.post(
        "/predict",
        json=rows.astype(object).where(rows.notna(), None).to_dict("records"),
    )
    assert from_csv == from_json.json["predictions"]


def test_a_lead_without_a_key_is_scored_and_its_key_is_null(client):
    (prediction,) = client.post("/predict", json={"visits": 3}).json[
        "predictions"
    ]
    assert prediction["account"] is None


def test_reasons_are_as_many_as_asked_for(client, lead):
    none, one = (
        client.post(f"/predict?reasons={count}", json=lead).json["predictions"][
            0
        ]
        for count in (0, 1)
    )
    assert "reasons" not in none
    assert len(one["reasons"]) == 2  # one for each direction


@pytest.mark.parametrize(
    "query",
    [
        "reasons=11",
        "reasons=-1",
        "reasons=few",
        "reason=0",
        "reasons=0&lead_source=Google",
        "reasons=1&reasons=2",
        "reasons=²",
    ],
)
def test_another_number_of_reasons_is_a_422(client, lead, query):
    assert client.post(f"/predict?{query}", json=lead).status_code == 422


def test_refused_values_are_a_422_that_names_row_field_and_reason(client, lead):
    reply = client.post(
        "/predict", json=[lead, lead | {"Visits": "many", "minutes": -1}]
    )
    assert reply.status_code == 422
    assert reply.json["problems"] == [
        {"row": 2, "field": "minutes", "reason": "must not be below 0"},
        {
            "row": 2,
            "field": "Visits",
            "reason": "given twice, as Visits and as visits",
        },
    ]


BAD = {
    "an empty body": (b"", 400),
    "broken JSON": (b"{", 400),
    "NaN": (b'{"minutes": NaN}', 400),
    "Infinity": (b'{"minutes": Infinity}', 400),
    "bad UTF-8": (b'{"channel": "\xff"}', 400),
    "deep recursion": (b"[" * 100_000, 400),
    "an integer of 5,000 digits": (b'{"visits": ' + b"9" * 5000 + b"}", 400),
    "an integer of 400 digits": (b'{"visits": ' + b"9" * 400 + b"}", 422),
    "a number that is infinite": (b'{"minutes": 1e999}', 422),
    "a number too large for a model": (b'{"minutes": 1e300}', 422),
    "nested JSON": (b'{"visits": {"a": [1]}}', 422),
    "100,000 columns": (
        json.dumps({f"c{number}": 1 for number in range(100_000)}).encode(),
        422,
    ),
    "too many leads": (b"[" + b"{}," * 1000 + b"{}]", 422),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_json_is_refused_with_a_reason(client, name):
    body, status = BAD[name]
    reply = client.post("/predict", data=body, content_type="application/json")
    assert reply.status_code == status, reply.text
    assert len(reply.json["error"]) > 10


BAD_CSV = {
    "a header twice": (b"visits,visits\n1,2\n", 400),
    "100,000 columns": (
        b",".join(b"c%d" % n for n in range(100_000))
        + b"\n"
        + b"," * 99_999
        + b"\n",
        422,
    ),
    "NaN": (b"visits\nNaN\n", 422),
    "bad UTF-8": (b"visits\n\xff\n", 400),
    "an open quote": (b'visits\n"1\n', 400),
}


@pytest.mark.parametrize("name", BAD_CSV)
def test_bad_csv_is_refused_with_a_reason(client, name):
    body, status = BAD_CSV[name]
    reply = client.post("/predict", data=body, content_type="text/csv")
    assert reply.status_code == status, reply.text
    assert len(reply.json["error"]) > 10


@pytest.mark.parametrize(
    "text",
    [
        "'; DROP TABLE leads; --",
        "<script>alert(1)</script>",
        "\u0000",
        "\ud800",
    ],
)
def test_hostile_text_is_a_level_nobody_knows_or_a_422_but_never_an_error(
    client, contract, text
):
    for column in contract.columns:
        reply = client.post("/predict", json={column.field: text})
        assert reply.status_code in (200, 422), (column.field, reply.text)
        assert reply.mimetype == "application/json"


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/xml", None]
)
def test_another_content_type_is_a_415_that_names_the_right_ones(
    client, content_type
):
    reply = client.post("/predict", data="x", content_type=content_type)
    assert reply.status_code == 415
    assert "application/json, text/csv" in reply.json["error"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/model"),
        ("POST", "/predict"),
        ("POST", "/predict/batch"),
    ],
)
def test_before_the_first_champion_the_answer_is_503_with_the_reason(
    untrained, method, path
):
    reply = untrained.open(
        path, method=method, json={} if method == "POST" else None
    )
    assert reply.status_code == 503
    assert "nothing promoted yet" in reply.json["error"]


def test_health_needs_no_champion(untrained):
    assert untrained.get("/healthz").status_code == 200


def test_ready_once_a_champion_is_loaded(client):
    assert client.get("/readyz").json == {"status": "ready"}


@pytest.mark.parametrize("path", ["/readyz", "/ping"])
def test_who_has_no_key_learns_only_whether_it_is_ready(
    untrained, client, path
):
    before, after = untrained.get(path), client.get(path)
    assert (before.status_code, before.json["error"]) == (503, "not ready")
    assert (after.status_code, after.json) == (200, {"status": "ready"})


def test_not_ready_before_the_keys_are_loaded(serving_champions, client_of):
    reply = client_of(serving_champions, Keys(dict)).get("/readyz")
    assert (reply.status_code, reply.json["error"]) == (503, "not ready")


def test_the_model_page_describes_the_champion_of_each_stage(client, contract):
    described = client.get("/model").json
    assert list(described["champions"]) == ["contact", "capture"]
    assert described["champions"]["contact"] == {
        "model": contract.model_name(),
        "version": "7",
        "run_id": "a-run",
        "policy": "f1",
        "threshold": 0.4,
        "tiers": {"A": 70, "B": 40, "C": 20, "D": 0},
        "tier_scale": "score",
        "tags": {"holdout_roc_auc": "0.91"},
    }
    assert described["registry_problems"] == {}


def test_the_index_shows_version_and_figures_and_links_to_the_model(client):
    page = client.get("/").text
    assert "version <strong>7</strong>" in page
    assert "holdout_roc_auc" in page
    assert "A from 70" in page
    assert 'href="model"' in page


def test_the_index_says_that_nothing_is_served_yet(untrained):
    assert "No champion is served yet" in untrained.get("/").text


def test_what_the_registry_says_is_escaped_on_the_index(
    contract, scorer, client_of
):
    tags = {"family": "<script>alert(1)</script>"}
    hostile = dataclasses.replace(
        scorer, champion=dataclasses.replace(scorer.champion, tags=tags)
    )
    champions = Champions(
        contract,
        {KnownAt.CONTACT: ChampionHolder(lambda served: hostile)},
        poll_seconds=60,
    )
    champions.refresh()
    page = client_of(champions).get("/").text
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_an_unknown_path_is_a_404_in_json(client):
    assert client.get("/nothing").json["error"]


def test_another_method_is_a_405_that_names_the_right_one(client):
    reply = client.get("/predict")
    assert (reply.status_code, "POST" in reply.headers["Allow"]) == (405, True)


def test_the_docs_page_shows_every_route_and_every_field_and_asks_nobody_else(
    client, contract
):
    page = client.get("/docs").text
    document = client.get("/openapi.json").json
    assert [path for path in document["paths"] if path not in page] == []
    assert [
        field
        for field in contract.fields
        if f"<code>{field}</code>" not in page
    ] == []
    assert "http" not in page.replace(
        document["info"]["description"], ""
    ).replace("HTTP", "")


def test_every_reply_lists_the_names_that_meant_no_column(client, lead):
    reply = client.post("/predict", json=[lead, lead | {"hat": 1, "Größe": 2}])
    assert reply.json["ignored_fields"] == ["Größe", "hat"]
    assert reply.json["ignored_fields_count"] == 2
    understood = client.post("/predict", json=lead).json
    assert (
        understood["ignored_fields"],
        understood["ignored_fields_count"],
        understood["blank_rows"],
    ) == ([], 0, 0)


def test_key_and_label_are_columns_and_not_ignored(client, lead, contract):
    reply = client.post("/predict", json=lead | {contract.label: 1})
    assert reply.json["ignored_fields"] == []


def test_a_refusal_lists_them_too(client):
    reply = client.post("/predict", json={"visits": "many", "hat": 1})
    assert (reply.status_code, reply.json["ignored_fields"]) == (422, ["hat"])


CSV_LEAD = (
    "account,visits,minutes,channel,fit,opinion\na-1,3,42.5,web,high,hot\n"
)


def asked(client, text):
    reply = client.post("/predict", data=text, content_type="text/csv")
    assert reply.status_code == 200, reply.text
    return reply.json


@pytest.mark.parametrize(
    ("text", "blank_rows"),
    [
        (CSV_LEAD, 0),
        (CSV_LEAD.replace(",", ", "), 0),
        (CSV_LEAD.replace("web", ' "web"').replace("visits", ' "visits"'), 0),
        (CSV_LEAD + ",,,,,\n", 1),
        (CSV_LEAD + ",\n" * 40, 40),
        ("sep=,\n" + CSV_LEAD, 0),
        ("\ufeff\ufeff" + CSV_LEAD, 0),
        (CSV_LEAD.replace("visits", "VISITS").replace("fit", "F_i T"), 0),
    ],
)  # fmt: skip
def test_one_lead_gets_one_score_however_its_csv_is_written(
    client, lead, text, blank_rows
):
    answer = asked(client, text)
    (expected,) = client.post("/predict", json=lead).json["predictions"]
    assert answer["predictions"] == [expected]
    assert answer["blank_rows"] == blank_rows
    assert answer["ignored_fields"] == []


@pytest.mark.parametrize(
    "wrap",
    [
        lambda lead: {"instances": [lead]},
        lambda lead: {"inputs": [lead]},
        lambda lead: {"dataframe_records": [lead]},
        lambda lead: {"leads": [lead]},
        lambda lead: {
            "dataframe_split": {
                "columns": list(lead),
                "data": [list(lead.values())],
            }
        },
    ],
)
@pytest.mark.parametrize("path", ["/predict", "/invocations"])
def test_a_wrapped_lead_gets_the_score_of_the_lead(client, lead, wrap, path):
    expected = client.post("/predict", json=lead).json["predictions"]
    reply = client.post(path, json=wrap(lead))
    assert (reply.status_code, reply.json["predictions"]) == (200, expected)


@pytest.mark.parametrize(
    "wrap",
    [
        lambda lead: {"data": [lead]},
        lambda lead: {"records": [lead]},
        lambda lead: {"dataframe": {n: [v] for n, v in lead.items()}},
        lambda lead: {"signature_name": "x", "instances": [lead]},
        lambda lead: {"instances": [list(lead.values())]},
        lambda lead: {"account": "a-1", "features": lead},
        lambda lead: [{"instances": [lead]}],
        lambda lead: [{"account": "a-1", "features": lead}],
        lambda lead: {"signature_name": "x"},
        lambda lead: {},
        lambda lead: [{}],
    ],
)
def test_what_is_no_lead_is_refused_and_never_scored(client, lead, wrap):
    reply = client.post("/predict", json=wrap(lead))
    assert reply.status_code in (400, 422), reply.text
    assert "predictions" not in reply.json
    assert len(reply.json["error"]) > 50


def test_a_csv_without_a_header_loses_no_lead(client):
    text = "a-1,web,3,42.5\n" * 3
    reply = client.post("/predict", data=text, content_type="text/csv")
    assert (reply.status_code, "first line" in reply.json["error"]) == (
        422,
        True,
    )


HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.fixture
def guarded(serving_champions, client_of):
    """A client of an API that asks for a key."""
    keys = Keys(lambda: {"crm": hash_of("the-key")})
    keys.refresh()
    return client_of(serving_champions, keys)


def test_a_browser_without_a_key_is_told_what_this_is_and_how_to_get_in(
    guarded,
):
    page = guarded.get("/", headers=HTML)
    assert (page.status_code, page.mimetype) == (401, "text/html")
    assert "WWW-Authenticate" not in page.headers
    assert 'href="desk"' in page.text
    assert 'href="docs"' in page.text
    assert "version" not in page.text


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/", {}),
        ("/", {"Accept": "*/*"}),
        ("/", HTML | {"Authorization": "Bearer wrong"}),
        ("/model", HTML),
        ("/desk", HTML),
    ],
)
def test_everybody_else_without_a_key_is_asked_for_one(guarded, path, headers):
    reply = guarded.get(path, headers=headers)
    assert reply.status_code == 401
    assert "WWW-Authenticate" in reply.headers


def test_a_browser_with_a_key_sees_the_champions(guarded):
    page = guarded.get("/", headers=HTML, auth=("mira", "the-key"))
    assert "version <strong>7</strong>" in page.text
