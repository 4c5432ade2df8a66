"""The desk in a real browser without JavaScript, on a phone and on a desk: Debian's Chromium, driven headless."""

import csv
import io
import json
import shutil
import time
from datetime import UTC, datetime
from threading import Thread

import pandas as pd
import pytest
from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.by import By
from selenium.webdriver.support.expected_conditions import staleness_of
from selenium.webdriver.support.ui import Select, WebDriverWait
from werkzeug.serving import make_server

from include.api.desk.publish import publish
from include.lake.frames import write_parquet
from include.lake.objects import list_objects, read_json

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
VIEWPORTS = {"phone": (390, 844), "desk": (1280, 900)}

pytestmark = pytest.mark.skipif(
    not (CHROMIUM and DRIVER),
    reason="no chromium and chromedriver here; tests/install-chromium.sh installs them",
)


@pytest.fixture(scope="module")
def chromium(tmp_path_factory):
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in (
        "--headless=new",
        "--no-sandbox",
        "--disable-dev-shm-usage",
        "--disable-gpu",
        "--no-first-run",
    ):
        options.add_argument(flag)
    options.add_argument(
        f"--user-data-dir={tmp_path_factory.mktemp('profile')}"
    )
    options.add_experimental_option(
        "prefs", {"profile.managed_default_content_settings.javascript": 2}
    )
    driver = webdriver.Chrome(options, webdriver.ChromeService(DRIVER))
    yield driver
    driver.quit()


@pytest.fixture
def address(app):
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()


@pytest.fixture(params=VIEWPORTS)
def browser(chromium, request):
    width, height = VIEWPORTS[request.param]
    metrics = {
        "width": width,
        "height": height,
        "deviceScaleFactor": 1,
        "mobile": request.param == "phone",
    }
    chromium.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    chromium.viewport = width
    return chromium


def leads(browser):
    """Ids of the cards on the page, once it is there to its end."""
    WebDriverWait(browser, 20).until(
        lambda page: (
            page.execute_script("return document.readyState") == "complete"
        )
    )
    return [
        card.get_attribute("data-lead")
        for card in browser.find_elements(By.CLASS_NAME, "lead")
    ]


def press(browser, label):
    shown = [
        button
        for button in browser.find_elements(By.TAG_NAME, "button")
        if button.is_displayed()
    ]
    go(browser, next(button for button in shown if button.text == label))


def go(browser, element):
    """Clicks, and waits until another page is there."""
    page = browser.find_element(By.TAG_NAME, "html")
    element.click()
    # Between two pages the driver may say "Node with given id does not belong to the document"; it is asked again.
    wait = WebDriverWait(browser, 20, ignored_exceptions=[WebDriverException])
    wait.until(staleness_of(page))


def content_width(browser):
    return browser.execute_cdp_cmd("Page.getLayoutMetrics", {})[
        "cssContentSize"
    ]["width"]


def test_a_rep_filters_the_list_turns_the_page_and_finds_the_next_lead(
    browser, address, published, accounts
):
    browser.get(f"{address}/desk")
    assert leads(browser) == list(accounts["account"][:25])
    Select(browser.find_element(By.NAME, "tier")).select_by_visible_text("B")
    press(browser, "Filter")
    assert leads(browser) == list(accounts["account"][20:45])
    go(browser, browser.find_element(By.LINK_TEXT, "Next"))
    assert leads(browser) == list(accounts["account"][45:60])
    assert (
        Select(browser.find_element(By.NAME, "tier")).first_selected_option.text
        == "B"
    )


def test_a_rep_filters_by_source(browser, address, published, accounts):
    browser.get(f"{address}/desk")
    browser.find_element(By.TAG_NAME, "summary").click()
    Select(browser.find_element(By.NAME, "f.channel")).select_by_visible_text(
        "web"
    )
    press(browser, "Filter")
    assert (
        leads(browser)
        == list(accounts.head(60).query("channel == 'web'")["account"])[:25]
    )


def test_a_reps_word_lands_in_s3_once_however_often_it_is_sent(
    browser, address, published, layout
):
    for _ in range(2):
        browser.get(f"{address}/desk?tier=A")
        card = browser.find_element(By.CLASS_NAME, "lead")
        card.find_element(By.TAG_NAME, "summary").click()
        card.find_element(By.NAME, "comment").send_keys("has paid ≥ 2 times")
        Select(card.find_element(By.NAME, "outcome")).select_by_visible_text(
            "yes"
        )
        press(browser, "Too low")
        assert "too low" in browser.find_element(By.CLASS_NAME, "done").text
        assert "tier=A" in browser.current_url
    (uri,) = list_objects(layout.feedback)
    kept = read_json(uri)
    assert (kept["rep"], kept["verdict"], kept["outcome"]) == (
        "asha",
        "too_low",
        1,
    )
    assert kept["comment"] == "has paid ≥ 2 times"


def test_a_rep_scores_one_lead_by_the_form(browser, address, staged):
    browser.get(f"{address}/desk/score")
    browser.find_element(By.NAME, "minutes").send_keys("120")
    Select(browser.find_element(By.NAME, "newsletter")).select_by_visible_text(
        "Yes"
    )
    press(browser, "Score")
    wanted = staged.score(
        pd.DataFrame([{"minutes": 120.0, "newsletter": "Yes"}])
    )["score"].item()
    assert int(browser.find_element(By.CLASS_NAME, "score").text) == wanted
    assert (
        browser.find_element(By.NAME, "minutes").get_attribute("value") == "120"
    )
    assert browser.find_elements(By.CSS_SELECTOR, ".reasons li")


def test_a_rep_scores_a_file_and_downloads_it(
    browser, address, mixed, tmp_path
):
    file, downloads = tmp_path / "leads.csv", tmp_path / "downloads"
    mixed.head(40).assign(note="=EVIL()").to_csv(file, index=False)
    downloads.mkdir()
    allowed = {"behavior": "allow", "downloadPath": str(downloads)}
    browser.execute_cdp_cmd("Browser.setDownloadBehavior", allowed)
    browser.get(f"{address}/desk/score")
    browser.find_element(By.NAME, "leads").send_keys(str(file))
    press(browser, "Score the file")
    assert len(leads(browser)) == 40
    browser.find_element(By.ID, "download").click()
    text = wait_for(downloads / "scored-leads.csv").read_text()
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [row["account"] for row in rows] == leads(browser)
    assert {row["note"] for row in rows} == {"'=EVIL()"}


def wait_for(path):
    for _ in range(100):
        if path.exists():
            return path
        time.sleep(0.1)
    pytest.fail(
        f"{path} was not downloaded; there are {list(path.parent.iterdir())}"
    )


LONG = "W" * 200


@pytest.fixture
def unwieldy(desk_rows, layout, published):
    """A published list in which everything that a lead can bring is long and has no space."""
    told = [
        {
            "field": "remark",
            "effect": 1.0,
            "text": f"remark: {LONG} raises the score",
        }
    ]
    rows = desk_rows(60).assign(channel=LONG, reasons=json.dumps(told))
    rows["account"] = [f"{LONG}{number}" for number in range(60)]
    write_parquet(rows, layout.desk("r1") + "0000_part_00.parquet")
    publish("r1", layout, datetime(2026, 2, 1, 5, tzinfo=UTC))


@pytest.mark.parametrize(
    "path", ["/desk", "/desk?page=2&tier=B&said=too_low", "/desk/score"]
)
def test_no_page_is_wider_than_the_screen(browser, address, unwieldy, path):
    browser.get(address + path)
    for summary in browser.find_elements(By.TAG_NAME, "summary")[:5]:
        summary.click()
    assert content_width(browser) <= browser.viewport
