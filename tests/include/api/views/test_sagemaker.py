import json

import pytest

from include.api.score_reply import IGNORED_HEADER
from include.api.views.sagemaker import ATTRIBUTES
from include.contract import KnownAt


def test_ping_is_503_until_a_champion_is_loaded_and_then_200(client, untrained):
    assert (
        untrained.get("/ping").status_code,
        client.get("/ping").status_code,
    ) == (503, 200)


@pytest.fixture
def rows(mixed):
    frame = mixed.head(40)
    return frame.astype(object).where(frame.notna(), None).to_dict("records")


def test_json_is_answered_as_predict_does(client, rows):
    assert (
        client.post("/invocations", json=rows).json
        == client.post("/predict", json=rows).json
    )


def test_csv_is_answered_as_predict_does(client, mixed):
    body = mixed.head(40).to_csv(index=False)
    ours, theirs = (
        client.post(path, data=body, content_type="text/csv")
        for path in ("/invocations", "/predict")
    )
    assert ours.json == theirs.json


def test_json_lines_are_answered_line_by_line(client, rows):
    body = "".join(json.dumps(row) + "\n" for row in rows)
    reply = client.post(
        "/invocations", data=body, content_type="application/jsonlines"
    )
    assert reply.mimetype == "application/jsonlines"
    assert [
        json.loads(line) for line in reply.text.splitlines()
    ] == client.post("/predict", json=rows).json["predictions"]


def test_the_versions_stand_in_the_header_that_sagemaker_hands_on(
    client, lead, contract
):
    reply = client.post("/invocations", json=lead)
    assert (
        reply.headers[ATTRIBUTES]
        == f"{contract.model_name()}=7;{contract.model_name(KnownAt.CAPTURE)}=3"
    )


def test_another_content_type_is_a_415(client):
    reply = client.post(
        "/invocations", data=b"x", content_type="application/x-npy"
    )
    assert (
        reply.status_code,
        "application/jsonlines" in reply.json["error"],
    ) == (415, True)


def test_without_a_champion_an_invocation_is_a_503(untrained, lead):
    assert untrained.post("/invocations", json=lead).status_code == 503


@pytest.mark.parametrize("kind", ["application/json", "application/jsonlines"])
def test_ignored_names_stand_in_the_header_that_sagemaker_hands_on(
    client, lead, kind
):
    body = json.dumps(lead | {"Größe": 43})
    reply = client.post("/invocations", data=body, content_type=kind)
    assert reply.status_code == 200
    _, _, names = reply.headers[ATTRIBUTES].partition(";ignored_fields=")
    assert json.loads(names) == ["Größe"]
    if kind == "application/json":
        assert reply.json["ignored_fields"] == ["Größe"]
    else:
        assert json.loads(reply.headers[IGNORED_HEADER]) == ["Größe"]


def test_very_many_ignored_names_fit_what_sagemaker_takes(client, lead):
    names = {f"{number}" * 200: 1 for number in range(400)}
    reply = client.post("/invocations", json=lead | names)
    assert reply.status_code == 200
    assert len(reply.headers[ATTRIBUTES]) < 1024


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"a-1,web,3\na-2,mail,4\n", "text/csv"),
        (b"visits\n3\n", "text/csv; header=absent"),
        (b'{"instances": [{"visits": 3}]}\n', "application/jsonlines"),
        (b'{"visits": 3}\n{"hat": 3}\n', "application/jsonlines"),
        (b'{"data": [{"visits": 3}]}', "application/json"),
    ],
)
def test_what_is_not_recognised_is_refused(client, body, kind):
    reply = client.post("/invocations", data=body, content_type=kind)
    assert 400 <= reply.status_code < 500
    assert reply.json["error"]
