import csv
import io
import json

import pytest

from include.api import uploads
from include.api.score_reply import (
    BLANK_ROWS_HEADER,
    IGNORED_COUNT_HEADER,
    IGNORED_HEADER,
)
from include.api.score_request import REASONS, VERSION_HEADER
from include.api.views import batch
from include.scoring.score_row import FIELDS
from include.scoring.scored_csv import FORMULA, NUMBER


def send(client, text, query=""):
    return client.post(
        f"/predict/batch{query}", data=text, content_type="text/csv"
    )


def rows_of(reply):
    return list(
        csv.DictReader(io.StringIO(reply.get_data(as_text=True), newline=""))
    )


@pytest.fixture
def leads(mixed):
    return mixed.head(200)


def test_the_csv_comes_back_with_the_scores_of_the_scorer(
    client, staged, leads
):
    reply = send(client, leads.to_csv(index=False))
    assert (reply.status_code, reply.mimetype) == (200, "text/csv")
    rows, scores = rows_of(reply), staged.score(leads, REASONS)
    assert list(rows[0]) == [*leads.columns, *FIELDS]
    assert [row["account"] for row in rows] == leads["account"].tolist()
    assert [float(row["probability"]) for row in rows] == scores[
        "probability"
    ].tolist()
    for name in ("score", "prediction", "tier", "stage", "model_version"):
        assert [row[name] for row in rows] == scores[name].astype(str).tolist()
    assert rows[0]["reasons"].split("; ") == [
        reason["text"] for reason in scores["reasons"][0]
    ]


def test_chunks_are_scored_in_their_order(client, leads, monkeypatch):
    whole = rows_of(send(client, leads.to_csv(index=False)))
    monkeypatch.setattr(uploads, "CHUNK", 33)
    chunked = rows_of(send(client, leads.to_csv(index=False)))
    assert [row["account"] for row in chunked] == [
        row["account"] for row in whole
    ]
    # A linear model's last bit depends on how many leads are multiplied at once.
    assert [float(row["probability"]) for row in chunked] == pytest.approx(
        [float(row["probability"]) for row in whole]
    )


def test_the_reply_names_the_versions_and_is_a_file_to_save(client, leads):
    reply = send(client, leads.to_csv(index=False))
    assert reply.headers[VERSION_HEADER] == "contact=7, capture=3"
    assert (
        reply.headers["Content-Disposition"]
        == "attachment; filename=scored.csv"
    )
    assert int(reply.headers["Content-Length"]) == len(reply.data)


def test_a_forms_file_is_scored_as_a_raw_body_is(client, leads):
    text = leads.to_csv(index=False)
    form = client.post(
        "/predict/batch",
        data={"file": (io.BytesIO(text.encode()), "leads.csv")},
    )
    assert form.data == send(client, text).data


def test_without_reasons_there_is_no_column_of_them(client, leads):
    assert list(
        rows_of(send(client, leads.to_csv(index=False), "?reasons=0"))[0]
    ) == [*leads.columns, *FIELDS[:-1]]


def test_a_scored_file_can_be_scored_again(client, leads):
    once = send(client, leads.to_csv(index=False))
    assert send(client, once.data).data == once.data


def test_formulas_are_neutralised_in_cells_headers_and_reasons(client):
    text = 'account,channel,opinion,=evil()\n"=HYPERLINK(""x"")",@SUM(1),+1+cmd|x,-2\n'
    lines = list(
        csv.reader(io.StringIO(send(client, text).get_data(as_text=True)))
    )
    assert lines[0][:4] == ["account", "channel", "opinion", "'=evil()"]
    assert lines[1][:4] == ['\'=HYPERLINK("x")', "'@SUM(1)", "'+1+cmd|x", "-2"]
    assert [
        cell
        for line in lines
        for cell in line
        if cell[:1] in FORMULA and not NUMBER.fullmatch(cell)
    ] == []


BAD = {
    "empty": ("", 400),
    "header only": ("visits\n", 400),
    "a header twice": ("visits,visits\n1,2\n", 400),
    "uneven": ("visits,region\n1\n", 400),
    "bad UTF-8": (b"visits\n\xff\n", 400),
    "too many columns": (",".join(f"c{n}" for n in range(501)) + "\n", 422),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_refused_with_a_reason(client, name):
    text, status = BAD[name]
    reply = send(client, text)
    assert (reply.status_code, len(reply.json["error"]) > 10) == (
        status,
        True,
    ), reply.text


def test_a_bad_row_far_down_is_named_by_its_number_and_nothing_is_returned(
    client, monkeypatch
):
    monkeypatch.setattr(uploads, "CHUNK", 10)
    reply = send(client, "visits\n" + "1\n" * 25 + "many\n" + "1\n" * 10)
    assert reply.status_code == 422
    assert reply.json["problems"] == [
        {"row": 26, "field": "visits", "reason": "must be a number"}
    ]


@pytest.mark.parametrize("data", [{}, {"file": "not a file"}])
def test_a_form_without_a_file_is_a_400(client, data):
    reply = client.post(
        "/predict/batch", data=data, content_type="multipart/form-data"
    )
    assert (reply.status_code, "send one CSV" in reply.json["error"]) == (
        400,
        True,
    )


def test_another_content_type_is_a_415(client):
    assert client.post("/predict/batch", json={"visits": 1}).status_code == 415


def test_a_file_above_the_limit_is_a_413(client, monkeypatch):
    monkeypatch.setattr(batch, "MAX_UPLOAD_BYTES", 1000)
    assert send(client, "visits\n" + "1\n" * 1000).status_code == 413


def test_more_uploads_at_once_than_there_is_room_for_wait(client):
    for _ in range(2):
        uploads.AT_ONCE.acquire()
    try:
        reply = send(client, "visits\n1\n")
    finally:
        uploads.AT_ONCE.release(2)
    assert (reply.status_code, reply.headers["Retry-After"]) == (429, "5")
    assert send(client, "visits\n1\n").status_code == 200


def test_what_counts_for_nothing_stands_in_headers(client):
    text = (
        'visits,fit,"h\na,t",Größe,,\n3,low,1,2,,\n,,,,,\n , ,"",,,\n4,,1,2,,\n'
    )
    reply = send(client, text)
    assert json.loads(reply.headers[IGNORED_HEADER]) == ["", "Größe", "h\na,t"]
    assert reply.headers[IGNORED_COUNT_HEADER] == "3"
    assert reply.headers[BLANK_ROWS_HEADER] == "2"
    assert [row["visits"] for row in rows_of(reply)] == ["3", "4"]


def test_a_file_that_is_understood_has_empty_headers(client):
    reply = send(client, "visits\n3\n")
    assert reply.headers[IGNORED_HEADER] == "[]"
    assert reply.headers[BLANK_ROWS_HEADER] == "0"


def test_a_file_without_a_header_is_refused(client):
    reply = send(client, "a-1,web,3\na-2,mail,4\n")
    assert (reply.status_code, "first line" in reply.json["error"]) == (
        422,
        True,
    )


def test_a_form_with_further_fields_is_refused(client):
    data = {"file": (io.BytesIO(b"visits\n3\n"), "a.csv"), "reasons": "0"}
    reply = client.post("/predict/batch", data=data)
    assert (reply.status_code, '"reasons"' in reply.json["error"]) == (
        400,
        True,
    )


def limited(
    client_of, serving_champions, monkeypatch, fresh_settings, **limits
):
    for name, value in limits.items():
        monkeypatch.setenv(f"LEADS_API_{name}", str(value))
    fresh_settings()
    return client_of(serving_champions)


@pytest.mark.parametrize("chunk", [1, 2, 1000])
def test_more_leads_than_a_file_may_have_are_a_413_that_names_the_number(
    client_of, serving_champions, monkeypatch, fresh_settings, chunk
):
    monkeypatch.setattr(uploads, "CHUNK", chunk)
    client = limited(
        client_of,
        serving_champions,
        monkeypatch,
        fresh_settings,
        MAX_UPLOAD_LEADS=3,
    )
    assert send(client, "visits\n" + "1\n" * 3).status_code == 200
    reply = send(client, "visits\n" + "1\n" * 4)
    assert (reply.status_code, "more than 3 leads" in reply.json["error"]) == (
        413,
        True,
    )


def test_a_file_that_takes_too_long_is_a_503_and_frees_its_permit(
    client_of, serving_champions, monkeypatch, fresh_settings
):
    monkeypatch.setattr(uploads, "CHUNK", 1)
    client = limited(
        client_of,
        serving_champions,
        monkeypatch,
        fresh_settings,
        UPLOAD_SECONDS=1e-9,
    )
    for _ in range(3):
        reply = send(client, "visits\n1\n2\n")
        assert reply.status_code == 503
        assert "1e-09 s" in reply.json["error"]


class SlowBody(io.RawIOBase):
    """A body of which the permits are looked at while it is sent."""

    def __init__(self, content):
        self.content = io.BytesIO(content)
        self.free_while_read = []

    def readable(self):
        return True

    def readinto(self, buffer):
        self.free_while_read.append(uploads.AT_ONCE._value)
        piece = self.content.read(min(4, len(buffer)))
        buffer[: len(piece)] = piece
        return len(piece)


def test_a_body_takes_no_permit_before_it_has_come_as_a_whole(client):
    content = b"visits\n" + b"1\n" * 50
    body = SlowBody(content)
    reply = client.post(
        "/predict/batch",
        content_type="text/csv",
        environ_overrides={
            "wsgi.input": body,
            "CONTENT_LENGTH": str(len(content)),
        },
    )
    assert (reply.status_code, len(rows_of(reply))) == (200, 50)
    assert set(body.free_while_read) == {2}
