"""Whatever a lead brings as text is shown as text, in every picture and on every page, and stops nothing."""

import shutil
import warnings
from collections import defaultdict
from html.parser import HTMLParser

import pytest

from include.evaluation.labels import label
from include.evaluation.pictures.plots import canvas, png
from include.lake.frames import write_parquet
from include.lake.objects import list_objects, write_json
from include.monitoring.columns.assess import compare_leads
from include.monitoring.summary import DriftDetails
from include.promotion.decision_page import decision_page
from include.promotion.record import DecisionRecord
from include.reporting import eda_plots
from include.reporting.card_facts import CardFacts
from include.reporting.drift_page import drift_page
from include.reporting.eda import write_eda
from include.reporting.eda_plots import draw_all
from include.reporting.eda_tables import profile
from include.reporting.model_card import model_card
from include.settings import settings
from include.training.data.snapshot import write_manifest
from tests.fixtures.nasty_text import NASTY_TEXTS
from tests.s3_text import read_text

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")


class Markup(HTMLParser):
    """Counts the elements of a page and keeps every attribute that can run something."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.risky = [], []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        for name, value in attributes:
            if name.startswith("on") or "javascript:" in (value or ""):
                self.risky.append((tag, name))


def assert_harmless(page):
    markup = Markup(page)
    assert "script" not in markup.tags
    assert markup.risky == []


@pytest.fixture
def nasty(accounts):
    """Accounts whose regions are nasty texts, each of them often enough to be a level of its own."""
    count = len(NASTY_TEXTS)
    accounts["region"] = [
        NASTY_TEXTS[place % count] for place in range(len(accounts))
    ]
    return accounts


@pytest.fixture(autouse=True)
def no_glyph_is_missed():
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message="Glyph")
        yield


@pytest.mark.slow
def test_the_eda_report_has_all_its_pictures_whatever_the_levels_are(
    nasty, contract, layout, caplog
):
    uri = layout.snapshot("run-1")
    write_parquet(nasty, f"{uri}part.parquet")
    write_manifest(settings(), contract, "run-1", "UNLOAD …")
    page = read_text(write_eda(layout, uri, "run-1"))
    files = list_objects(layout.report("eda", "run-1"))
    assert any(name.endswith("conversion-region.png") for name in files)
    assert_harmless(page)
    assert "Could not make" not in caplog.text


@pytest.mark.parametrize("text", NASTY_TEXTS)
def test_a_picture_draws_any_text_as_it_is(text):
    figure, axes = canvas()
    axes.set_title(label(text, 40))
    axes.set_yticks([0.5], [text[:40].replace("\n", " ")])
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore"
        )  # the raw text has glyphs that no font has
        assert png(figure).startswith(b"\x89PNG")


def test_a_label_is_one_short_line_of_drawable_letters():
    assert label("  one\n two\x07 \u202ethree ", 40) == "one two□ three"
    assert label("unicorn 🦄", 40) == "unicorn □"
    assert label("x" * 5000, 10) == "x" * 9 + "…"
    assert label("\ud800", 10) == "□"


def test_a_level_between_dollar_signs_is_no_formula():
    def drawn(text):
        figure, axes = canvas()
        axes.set_title(text)
        return png(figure)

    assert drawn("$x^2$") != drawn("x^2")
    assert drawn("$a$ or $b$") != drawn("a or b")


@pytest.mark.slow
def test_a_picture_that_cannot_be_drawn_is_named_and_the_others_are_there(
    accounts, contract, monkeypatch, caplog
):
    def fail(*_):
        raise RuntimeError("no such glyph")

    lead_profile = profile(accounts, contract)
    names = set(draw_all(lead_profile))
    monkeypatch.setattr(eda_plots, "conversion", fail)
    left = set(draw_all(lead_profile))
    assert names - left == {
        name for name in names if name.startswith("conversion-")
    }
    assert "picture conversion-region" in caplog.text


def test_evidentlys_page_holds_no_script_that_a_level_brought(
    nasty, accounts_of, contract
):
    calm = accounts_of(len(nasty), seed=5)
    shown = compare_leads(calm, nasty, contract, 0.5, 1.0).report.html()
    harmless = compare_leads(calm, calm, contract, 0.5, 1.0).report.html()
    for part in ("<script", "</script", "<!--", "<img"):
        assert shown.lower().count(part) == harmless.lower().count(part), part
    assert r"\u2039script\u203awindow.nasty" in shown


@pytest.mark.skipif(
    not (CHROMIUM and DRIVER), reason="no chromium and chromedriver here"
)
def test_nothing_that_a_level_says_runs_in_evidentlys_page(
    nasty, accounts_of, contract, tmp_path
):
    from selenium import webdriver

    calm = accounts_of(len(nasty), seed=5)
    page = tmp_path / "drift.html"
    page.write_text(
        compare_leads(calm, nasty, contract, 0.5, 1.0).report.html()
    )
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage"):
        options.add_argument(flag)
    browser = webdriver.Chrome(options, webdriver.ChromeService(DRIVER))
    try:
        browser.get(page.as_uri())
        assert browser.execute_script("return document.body.innerText")
        assert browser.execute_script("return window.nasty") is None
    finally:
        browser.quit()


def test_the_drift_page_shows_new_levels_as_text():
    levels = {text: 3 for text in NASTY_TEXTS}
    details = {"verdict": "drift", "new_levels": {"region": levels}}
    page = drift_page(DriftDetails.model_validate(details))
    assert_harmless(page)
    assert "&lt;/script&gt;" in page


def test_the_drift_page_shows_spellings_as_text():
    entries = [
        {"column": "region", "level": text, "stands_for": text + " ", "rows": 1}
        for text in NASTY_TEXTS
    ]
    details = {"verdict": "stable", "spelling": entries}
    page = drift_page(DriftDetails.model_validate(details))
    assert_harmless(page)
    assert "&lt;/script&gt;" in page


def test_the_gate_page_draws_and_names_segments_of_any_level(caplog):
    segments = [
        {
            "field": "region",
            "level": text,
            "rows": 200,
            "metric": "roc_auc",
            "challenger": 0.9,
            "champion": 0.9 + place / 100,
            "change": -place / 100,
        }
        for place, text in enumerate(NASTY_TEXTS)
    ]
    record = {
        "verdict": "keep",
        "model": "m",
        "version": "2",
        "stage": "contact",
        "reasons": [
            f"change in roc_auc, region = {text}" for text in NASTY_TEXTS
        ],
        "segments": segments,
        "report_uri": "s3://bucket/reports/gate/r1/contact.json",
    }
    page = decision_page(DecisionRecord.model_validate(record))
    assert_harmless(page)
    assert 'alt="change by segment"' in page
    assert "Could not make" not in caplog.text


def test_the_model_card_shows_segments_of_any_level_as_text(contract):
    segments = [
        {
            "field": "region",
            "level": text,
            "rows": 40 + place * 10,
            "rate": 0.1,
            "mean_probability": 0.4,
            "accuracy": 0.9,
            "precision": None,
            "recall": 0.5,
            "roc_auc": 0.6,
            "brier": 0.1,
        }
        for place, text in enumerate(NASTY_TEXTS)
    ]
    holdout = {
        "rows": 1000,
        "metrics": {"roc_auc": 0.9},
        "intervals": {"roc_auc": [0.88, 0.92]},
        "segments": segments,
    }
    facts = CardFacts(
        model="m",
        version="1",
        stage="capture",
        run_id="r",
        run_url="",
        registered_at="2026-02-03",
        aliases=(),
        tags=defaultdict(str),
        holdout=holdout,
        newest=None,
        pictures={},
        dropped={},
        unmapped={"region": dict.fromkeys(NASTY_TEXTS, 2)},
        manifest=None,
        model_decision=None,
        decision={
            "verdict": "keep",
            "rule": None,
            "decided_at": None,
            "reasons": list(NASTY_TEXTS),
            "person": "not asked",
            "record": "",
        },
    )
    page = model_card(facts, contract)
    assert_harmless(page)
    assert "&lt;/script&gt;" in page


def test_a_reason_that_names_a_long_level_fits_the_tag_of_a_version():
    record = DecisionRecord.model_validate(
        {
            "verdict": "keep",
            "model": "m",
            "stage": "contact",
            "reasons": ["x" * 9000],
        }
    )
    assert len(record.tags["gate_reason"]) == 5000


def test_a_page_that_cannot_be_made_leaves_the_result_as_it_is_and_is_named(
    bucket, caplog
):
    from lifecycle.reports import eda_page, with_drift_page, with_pages

    analysis = {"verdict": "drift", "report_uri": f"s3://{bucket}/gone/a.html"}
    assert with_drift_page(analysis) == analysis | {
        "missing_pages": ["drift page"]
    }
    write_json(f"s3://{bucket}/record.json", {"verdict": "what"})
    decision = {
        "report_uri": f"s3://{bucket}/record.json",
        "model": "no-such-model",
        "version": "1",
    }
    assert with_pages(decision) == decision | {
        "missing_pages": ["gate page", "model card"]
    }
    again = decision | {"missing_pages": ["gate page", "model card"]}
    assert with_pages(again) == again
    assert eda_page(f"s3://{bucket}/gone/", "run-1") is None
    for name in ("drift page", "gate page", "model card", "EDA page"):
        assert f"Could not make the {name}" in caplog.text
