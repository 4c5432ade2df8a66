"""The desk's pages as a browser without JavaScript gets them."""

import base64
import csv
import io
import re

import pandas as pd
import pytest

from include.api.access.keys import Keys, hash_of
from include.api.app import create_app
from include.api.desk.publish import publish
from include.api.uploads import AT_ONCE
from include.lake.frames import write_parquet
from include.lake.objects import list_objects, read_json, write_json, write_text
from include.settings import settings

SCORED_AT = pd.Timestamp("2026-02-01 05:00", tz="UTC").to_pydatetime()
HERE = {"Sec-Fetch-Site": "same-origin"}
HOSTILE = "<script>alert('x')</script>"
WORD = {
    "lead": "a-1",
    "model_version": "3",
    "stage": "capture",
    "verdict": "too_low",
    "outcome": "1",
    "comment": "has paid",
}


def shown(page):
    return re.findall(r'data-lead="([^"]+)"', page.text)


def test_open_leads_are_listed_best_first_a_page_at_a_time(
    client, published, accounts
):
    first, second = client.get("/desk"), client.get("/desk?page=2")
    assert shown(first) == list(accounts["account"][:25])
    assert shown(second) == list(accounts["account"][25:50])
    assert "60</span> open leads, scored 2026-02-01 05:00 UTC" in first.text
    assert "Page 2 of 3" in second.text


@pytest.mark.parametrize(
    ("asked", "first"),
    [("0", 0), ("99", 50), ("-1", 0), ("x", 0), ("9" * 400, 0), ("²", 0)],
)
def test_a_page_that_does_not_exist_is_the_nearest_one(
    client, published, accounts, asked, first
):
    assert (
        shown(client.get("/desk", query_string={"page": asked}))[0]
        == accounts["account"][first]
    )


def test_a_card_says_score_tier_trend_and_reasons_in_words(client, published):
    card = client.get("/desk?page=1").text.split("<article")[2]
    assert '<strong class="score">98</strong>' in card
    assert '<span class="tier">A</span>' in card
    assert "▲ +2" in card
    assert "minutes: 90 raises the score" in card


def test_a_lead_that_is_new_in_the_list_has_no_trend(client, published):
    assert 'class="trend"' not in client.get("/desk").text.split("<article")[1]


def test_the_list_is_filtered_by_tier_and_by_the_contracts_nominal_capture_columns(
    client, published, accounts
):
    web = accounts.head(60).query("channel == 'web'")["account"]
    assert (
        shown(client.get("/desk", query_string={"f.channel": "web"}))
        == list(web)[:25]
    )
    few = shown(
        client.get("/desk", query_string={"f.channel": "web", "tier": "B"})
    )
    assert set(few) == set(web) - set(accounts["account"][:20])
    assert (
        shown(client.get("/desk", query_string={"f.channel": "nothing"})) == []
    )


def test_leads_without_a_value_can_be_filtered_too(client, published, accounts):
    missing = accounts.head(60)[accounts["region"].head(60).isna()]["account"]
    assert shown(
        client.get("/desk", query_string={"f.region": "(not known)"})
    ) == list(missing)


def test_pages_and_words_keep_the_filter(client, published):
    page = client.get("/desk?tier=B&f.channel=").text
    assert "tier=B&amp;page=2" in page
    assert '<input type="hidden" name="tier" value="B">' in page


def test_what_a_lead_says_is_escaped(client, layout, published, desk_rows):
    rows = desk_rows(3).assign(
        channel=HOSTILE, account=[f"{number}{HOSTILE}" for number in range(3)]
    )
    write_parquet(rows, layout.desk("r1") + "0000_part_00.parquet")
    publish("r1", layout, SCORED_AT)
    page = client.get("/desk").text
    assert HOSTILE not in page
    assert "&lt;script&gt;" in page
    assert (
        HOSTILE
        not in client.get(
            "/desk",
            query_string={
                "said": HOSTILE,
                "f.channel": HOSTILE,
                "tier": HOSTILE,
            },
        ).text
    )


def test_before_the_first_run_the_page_says_where_the_list_comes_from(client):
    page = client.get("/desk")
    assert page.status_code == 200
    assert "score_leads" in page.text


def test_a_run_without_open_leads_is_an_empty_list_with_its_moment(
    client, layout
):
    publish("empty", layout, SCORED_AT)
    assert "0</span> open leads, scored 2026-02-01" in client.get("/desk").text


def test_the_list_stays_when_the_store_cannot_be_read(
    app, client, layout, published, monkeypatch
):
    assert shown(client.get("/desk"))
    app.extensions["leads"].desk.listing._seconds = 0
    app.extensions["leads"].desk.listing._due = 1e-9
    write_text(layout.desk_list, "{")
    assert shown(client.get("/desk"))


def test_a_new_list_is_shown_once_the_old_one_is_stale(
    app, client, layout, published, desk_rows
):
    app.extensions["leads"].desk.listing._seconds = 0
    assert len(shown(client.get("/desk"))) == 25
    write_parquet(desk_rows(3), layout.desk("r2") + "0000_part_00.parquet")
    publish("r2", layout, SCORED_AT)
    assert len(shown(client.get("/desk"))) == 3


def test_the_agreement_of_reps_and_models_is_on_the_page(client, layout):
    assert "agreement" not in client.get("/desk").text
    client.application.extensions["leads"].desk.agreement._due = 0
    model = {
        "stage": "capture",
        "model_version": "3",
        "reps": 2,
        "flags": 5,
        "loudest": 0.8,
        "right": 0.5,
    }
    model |= {
        "too_high": 0.25,
        "too_low": 0.25,
        "reps_agree": None,
        "borne_out": 1.0,
    }
    write_json(layout.agreement, {"models": [model]})
    page = client.get("/desk").text
    assert "<td>capture 3<td>2<td>5" in page
    assert "<td>50%<td>25%<td>25%<td>–<td>100%" in page


def test_one_lead_is_scored_from_the_form_as_the_api_scores_it(client):
    lead = {
        "account": "a-1",
        "visits": "3",
        "minutes": "42.5",
        "channel": "web",
        "newsletter": "Yes",
        "fit": "high",
    }
    page = client.post("/desk/score", data=lead | {"opinion": ""}, headers=HERE)
    (prediction,) = client.post("/predict", json=lead).json["predictions"]
    assert f'<strong class="score">{prediction["score"]}</strong>' in page.text
    assert prediction["reasons"][0]["text"] in page.text
    assert 'value="42.5"' in page.text
    assert '<option value="high" selected>' in page.text


def test_the_form_asks_in_the_order_of_a_leads_life_for_features_only(client):
    names = re.findall(
        r'<(?:input|select) name="(\w+)"', client.get("/desk/score").text
    )
    assert names == [
        "account", "visits", "minutes", "channel", "region", "remark", "newsletter", "fit", "opinion",
    ]  # fmt: skip


def test_refused_values_are_named_at_their_field_and_kept_in_the_form(client):
    page = client.post(
        "/desk/score",
        data={"visits": "many", "minutes": "-1", "region": "north"},
        headers=HERE,
    )
    assert page.status_code == 422
    assert page.text.count('class="problem"') == 2
    assert "must be a number" in page.text
    assert 'value="north"' in page.text


def test_a_score_without_a_key_cannot_be_judged(client):
    assert (
        "desk/feedback"
        not in client.post(
            "/desk/score", data={"visits": "3"}, headers=HERE
        ).text
    )


def uploaded(client, text, name="leads.csv"):
    data = {"leads": (io.BytesIO(text.encode()), name)}
    return client.post(
        "/desk/upload",
        data=data,
        headers=HERE,
        content_type="multipart/form-data",
    )


def downloaded(page):
    link = re.search(
        r'href="data:text/csv;charset=utf-8;base64,([^"]+)"', page.text
    )
    return list(csv.DictReader(io.StringIO(base64.b64decode(link[1]).decode())))


def test_an_upload_is_ranked_and_downloads_with_all_its_columns_and_scores(
    client, staged, mixed
):
    rows = mixed.head(150)
    page = uploaded(client, rows.assign(note="mine").to_csv(index=False))
    scores = staged.score(rows).sort_values(
        "probability", ascending=False, kind="stable"
    )
    assert shown(page)[:10] == list(scores["account"][:10])
    assert len(shown(page)) == 100
    found = downloaded(page)
    assert [row["account"] for row in found][:10] == list(
        scores["account"][:10]
    )
    assert len(found) == 150
    assert found[0]["note"] == "mine"
    assert [int(row["score"]) for row in found] == sorted(
        scores["score"], reverse=True
    )


@pytest.mark.parametrize(
    ("text", "status", "reason"),
    [
        ("", 400, "no header"),
        ("account\n", 400, "no lead"),
        ("account,visits\na", 400, "row 1 does not have as many cells"),
        ("account,visits\na,many\n", 422, "must be a number"),
        ("a-1,web,3\na-2,mail,4\n", 422, "no header line"),
        ("visits,VISITS\n1,1\n", 422, "twice"),
    ],
)
def test_a_file_that_cannot_be_scored_says_why(client, text, status, reason):
    page = uploaded(client, text)
    assert page.status_code == status
    assert reason in page.text


def test_refused_values_of_a_file_are_escaped(client):
    page = uploaded(client, f"account,visits\n{HOSTILE},{HOSTILE}\n")
    assert page.status_code == 422
    assert HOSTILE not in page.text


def test_without_a_file_the_page_asks_for_one(client):
    assert (
        client.post(
            "/desk/upload", headers=HERE, content_type="multipart/form-data"
        ).status_code
        == 400
    )


def test_a_word_on_a_score_is_kept_once_in_the_name_of_who_is_logged_in(
    client, layout
):
    for _ in range(2):
        reply = client.post("/desk/feedback", data=WORD, headers=HERE)
        assert reply.status_code == 303
    (uri,) = list_objects(layout.feedback)
    kept = read_json(uri)
    assert (kept["lead"], kept["rep"], kept["verdict"], kept["outcome"]) == (
        "a-1",
        "asha",
        "too_low",
        1,
    )
    assert (kept["model_version"], kept["stage"], kept["comment"]) == (
        "3",
        "capture",
        "has paid",
    )


def test_a_card_gives_back_the_stage_and_the_version_of_its_score(
    client, published, layout
):
    form = client.get("/desk").text.split("<form")[2]
    given = dict(re.findall(r'name="(\w+)" value="([^"]+)"', form))
    reply = client.post(
        "/desk/feedback", data=given | {"verdict": "right"}, headers=HERE
    )
    assert reply.status_code == 303
    (uri,) = list_objects(layout.feedback)
    assert (read_json(uri)["stage"], read_json(uri)["model_version"]) == (
        "capture",
        "3",
    )


def test_after_a_word_the_same_page_of_the_same_list_says_thank_you(
    client, published
):
    data = WORD | {"tier": "B", "page": "2", "f.channel": "web", "evil": "x"}
    reply = client.post("/desk/feedback", data=data, headers=HERE)
    assert reply.location == "/desk?tier=B&page=2&f.channel=web&said=too_low"
    assert "Kept: “too low”" in client.get(reply.location).text


def test_a_link_cannot_put_words_of_its_own_on_the_page(client, published):
    assert "free money" not in client.get("/desk?said=free money").text


@pytest.mark.parametrize(
    "wrong",
    [
        {"verdict": "wrong"},
        {"outcome": "2"},
        {"lead": ""},
        {"model_version": ""},
        {"comment": "x" * 5000},
        {"stage": "later"},
        {"comment": "a\0b"},
    ],
)
def test_a_word_that_cannot_be_kept_is_refused_with_a_reason(
    client, layout, wrong
):
    reply = client.post("/desk/feedback", data=WORD | wrong, headers=HERE)
    assert reply.status_code == 422
    assert "Not kept" in reply.text
    assert list_objects(layout.feedback) == []


KEY = "the-sales-team-key"


@pytest.fixture
def guarded(serving_champions, layout):
    """A client of a desk that asks for an API key."""
    keys = Keys(lambda: {"sales": hash_of(KEY)})
    keys.refresh()
    return create_app(settings(), serving_champions, keys).test_client()


@pytest.mark.parametrize(("user", "rep"), [("mira", "mira"), ("", "sales")])
def test_feedback_is_in_the_name_of_the_user_else_of_the_key(
    guarded, layout, user, rep
):
    assert (
        guarded.post(
            "/desk/feedback", data=WORD, headers=HERE, auth=(user, KEY)
        ).status_code
        == 303
    )
    (uri,) = list_objects(layout.feedback)
    assert read_json(uri)["rep"] == rep
    assert read_json(uri)["said_by"] == "sales"


@pytest.mark.parametrize(
    "path", ["/desk", "/desk/score", "/desk/static/desk.css"]
)
def test_without_a_key_a_browser_is_asked_for_one(guarded, published, path):
    reply = guarded.get(path)
    assert reply.status_code == 401
    assert reply.headers["WWW-Authenticate"].startswith("Basic")
    assert shown(reply) == []


def test_a_word_that_the_store_does_not_take_is_not_called_kept(
    client, layout, monkeypatch
):
    monkeypatch.setattr(
        "include.api.desk.routes.keep",
        lambda *_: write_text("s3://no-such-bucket/x", ""),
    )
    reply = client.post("/desk/feedback", data=WORD, headers=HERE)
    assert reply.status_code == 503
    assert "Not kept" in reply.text


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
        {"Origin": "https://evil.example"},
        {"Origin": "http://localhost.evil.example"},
        {"Origin": "null"},
    ],
)
@pytest.mark.parametrize(
    "path", ["/desk/feedback", "/desk/score", "/desk/upload"]
)
def test_a_form_of_another_site_is_refused(client, layout, headers, path):
    assert client.post(path, data=WORD, headers=headers).status_code == 403
    assert list_objects(layout.feedback) == []


@pytest.mark.parametrize(
    "path", ["/desk/feedback", "/desk/score", "/desk/upload"]
)
@pytest.mark.parametrize("kind", ["application/json", "text/csv", None])
def test_a_body_that_is_no_form_is_refused(client, layout, path, kind):
    reply = client.post(
        path, data=b'{"visits": 3}', content_type=kind, headers=HERE
    )
    assert (reply.status_code, "send the form" in reply.text) == (415, True)
    assert list_objects(layout.feedback) == []


def test_of_two_files_none_is_scored(client):
    files = [
        (io.BytesIO(b"visits\n3\n"), f"{number}.csv") for number in range(2)
    ]
    reply = client.post(
        "/desk/upload",
        data={"leads": files},
        headers=HERE,
        content_type="multipart/form-data",
    )
    assert (reply.status_code, "one at a time" in reply.text) == (400, True)


def test_a_browser_that_only_says_its_origin_is_let_through(client, layout):
    assert (
        client.post(
            "/desk/feedback", data=WORD, headers={"Origin": "http://localhost"}
        ).status_code
        == 303
    )


def test_the_page_loads_nothing_from_elsewhere_and_may_run_no_script(
    client, published
):
    page = client.get("/desk")
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert "<script" not in page.text
    assert re.findall(r'(?:src|href)="(https?:[^"]+)"', page.text) == []
    with client.get("/desk/static/desk.css") as style:
        assert style.status_code == 200


def test_before_the_first_champion_scoring_is_a_503_in_words_and_the_list_still_there(
    published, untrained
):
    reply = untrained.post("/desk/score", data={"visits": "3"}, headers=HERE)
    assert reply.status_code == 503
    assert "no model to score with yet" in reply.text
    assert len(shown(untrained.get("/desk"))) == 25


def test_an_upload_while_others_are_being_scored_is_told_to_wait(client):
    taken = [AT_ONCE.acquire(blocking=False) for _ in range(2)]
    try:
        assert uploaded(client, "account\na\n").status_code == 429
    finally:
        for _ in filter(None, taken):
            AT_ONCE.release()
    assert uploaded(client, "account\na\n").status_code == 200


def test_a_file_with_too_many_columns_is_refused(client):
    header = ",".join(f"c{number}" for number in range(5000))
    assert uploaded(client, f"{header}\n{header}\n").status_code == 413


def test_scores_of_the_desk_are_counted_as_those_of_the_api_are(client):
    client.post("/desk/score", data={"visits": "3"}, headers=HERE)
    assert 'stage="capture"' in client.get("/metrics").text


def test_an_upload_names_what_counted_for_nothing(client):
    page = uploaded(client, f"account, visits, Hat {HOSTILE},\na, 3,,\n,,,\n")
    assert page.status_code == 200
    assert shown(page) == ["a"]
    assert "2 column(s)" in page.text
    assert "Hat" in page.text
    assert HOSTILE not in page.text
    assert "1 row(s) of nothing" in page.text


def test_an_upload_that_is_understood_has_no_such_note(client):
    page = uploaded(client, "account,visits\na,3\n")
    assert 'id="ignored"' not in page.text
    assert 'id="blank-rows"' not in page.text


def test_an_upload_with_too_many_leads_is_refused_with_the_number(
    client_of, serving_champions, monkeypatch
):
    monkeypatch.setenv("LEADS_DESK_MAX_UPLOAD_LEADS", "2")
    client = client_of(serving_champions)
    assert uploaded(client, "visits\n1\n2\n").status_code == 200
    page = uploaded(client, "visits\n1\n2\n3\n")
    assert (page.status_code, "more than 2 leads" in page.text) == (413, True)


def test_a_form_of_other_names_is_refused_and_says_so(client):
    page = client.post("/desk/score", data={"hat": "3"}, headers=HERE)
    assert (page.status_code, "no name of this lead" in page.text) == (
        422,
        True,
    )


def test_a_form_with_further_names_says_that_they_counted_for_nothing(client):
    page = client.post(
        "/desk/score", data={"visits": "3", "hat": "3"}, headers=HERE
    )
    assert page.status_code == 200
    assert "counted for nothing: hat" in page.text


def test_a_form_that_gives_a_name_twice_is_refused(client):
    page = client.post("/desk/score", data={"visits": ["3", "4"]}, headers=HERE)
    assert page.status_code == 400


def test_a_form_with_nothing_filled_in_is_scored(client):
    page = client.post(
        "/desk/score", data={"visits": "", "region": " "}, headers=HERE
    )
    assert page.status_code == 200
