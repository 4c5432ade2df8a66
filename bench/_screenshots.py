"""Takes the pictures of docs/desk.md from a lead desk over synthetic leads: `make screenshots`."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from threading import Thread

import boto3
import pandas as pd
from moto.server import ThreadedMotoServer
from PIL import Image
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select
from waitress.server import create_server

from bench.synthetic import typed
from demo.leads.synthetic import synthetic_leads
from include.api.app import create_app
from include.api.desk.publish import publish
from include.contract import Contract, KnownAt, decisions_of, load_contract
from include.contract.derived.shown import filter_columns
from include.evaluation.tiers import TIERS
from include.features.calibration import Calibration, Decision
from include.lake.frames import write_parquet
from include.lake.layout import Layout
from include.registry.registry import ChampionInfo
from include.scoring.batch import scores_table
from include.scoring.champions import ChampionHolder, Champions
from include.scoring.scorer import Scorer, scorer_of
from include.scoring.stages import StagedScorer
from include.settings import settings
from include.training.pipeline import build_pipeline, deployable

FOLDER = Path("docs/images")
SCORED_AT = datetime(2026, 11, 20, 1, 40, tzinfo=UTC)
PHONE, WIDE = (390, 1180, True), (1100, 780, False)
COLOURS = 64


def champion(leads: pd.DataFrame, contract: Contract, stage: KnownAt) -> Scorer:
    """A logistic regression on the leads, as a training would deploy it."""
    fitted = build_pipeline(
        decisions_of(settings(), contract),
        contract,
        "logistic_regression",
        stage,
    ).fit(leads, leads[contract.label].astype(int))
    version = ChampionInfo(
        contract.model_name(stage), "4", "run", {}, SCORED_AT
    )
    return scorer_of(
        contract,
        stage,
        version,
        deployable(fitted, Calibration(), Decision("f1", 0.4, TIERS)),
    )


def published(
    scorer: StagedScorer, leads: pd.DataFrame, contract: Contract
) -> pd.DataFrame:
    """The list of the desk: scores of today, and of a day on which every third lead had spent half the time."""
    numbers = [
        column.field
        for column in contract.features(KnownAt.CAPTURE)
        if column.numeric
    ]
    earlier = leads.assign(
        **{
            name: leads[name].where(leads.index % 3 > 0, leads[name] // 2)
            for name in numbers
        }
    )
    now = scores_table(scorer, leads, "r", SCORED_AT)
    fields = [column.field for column in filter_columns(contract)]
    before = scorer.score(earlier)["score"].to_numpy()
    return now.assign(
        previous_score=before,
        **{name: leads[name].to_numpy() for name in fields},
    )


@contextmanager
def desk() -> Iterator[str]:
    """Address of a desk with a published list, over S3 in this process."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    address = "http://{}:{}".format(*server.get_host_and_port())
    keys = {
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": "ap-south-1",
    }
    os.environ.update(
        keys,
        AWS_ENDPOINT_URL=address,
        LEADS_CONTRACT="x_education",
        LEADS_API_AUTH="off",
    )
    settings.cache_clear()
    where = {"LocationConstraint": settings().region}
    boto3.client("s3").create_bucket(
        Bucket=settings().s3.bucket, CreateBucketConfiguration=where
    )
    contract = load_contract(settings().contract)
    leads = typed(synthetic_leads(), contract)
    closed, still_open = leads[:-400], leads[-400:].reset_index(drop=True)
    late = [
        column.field
        for column in contract.features()
        if column.known_at is KnownAt.CONTACT
    ]
    scorers = {
        stage: champion(closed, contract, stage)
        for stage in (KnownAt.CONTACT, KnownAt.CAPTURE)
    }
    staged, layout = (
        StagedScorer(contract, scorers),
        Layout(settings(), contract),
    )
    rows = published(staged, still_open.assign(**dict.fromkeys(late)), contract)
    write_parquet(rows, layout.desk("r") + "part.parquet")
    publish("r", layout, SCORED_AT)
    holders = {
        stage: ChampionHolder(lambda served, one=one: one)
        for stage, one in scorers.items()
    }
    champions = Champions(contract, holders, poll_seconds=60)
    champions.refresh()
    web = create_server(
        create_app(settings(), champions), host="127.0.0.1", port=0, threads=4
    )
    Thread(target=web.run, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{web.effective_port}/desk"
    finally:
        web.close()
        server.stop()


@contextmanager
def browser() -> Iterator[webdriver.Chrome]:
    """Debian's Chromium, without a window."""
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for flag in (
        "--headless=new",
        "--no-sandbox",
        "--disable-dev-shm-usage",
        "--disable-gpu",
        "--hide-scrollbars",
    ):
        options.add_argument(flag)
    with tempfile.TemporaryDirectory() as profile:
        options.add_argument(f"--user-data-dir={profile}")
        driver = webdriver.Chrome(
            options, webdriver.ChromeService(shutil.which("chromedriver"))
        )
        try:
            yield driver
        finally:
            driver.quit()


def picture(driver: webdriver.Chrome, name: str) -> None:
    """Writes what the browser shows, in few colours."""
    image = (
        Image.open(BytesIO(driver.get_screenshot_as_png()))
        .convert("RGB")
        .quantize(COLOURS)
    )
    FOLDER.mkdir(parents=True, exist_ok=True)
    image.save(FOLDER / name, optimize=True)
    print(f"{FOLDER / name}: {(FOLDER / name).stat().st_size // 1024} KB")


def show(driver: webdriver.Chrome, viewport: tuple[int, int, bool]) -> None:
    """Makes the page as wide and high as a device's."""
    width, height, mobile = viewport
    size = {
        "width": width,
        "height": height,
        "deviceScaleFactor": 1,
        "mobile": mobile,
    }
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)


def main() -> None:
    """Takes every picture."""
    with desk() as address, browser() as driver:
        show(driver, WIDE)
        driver.get(address)
        picture(driver, "desk-list.png")
        show(driver, PHONE)
        driver.get(f"{address}?tier=B")
        driver.find_element(By.CSS_SELECTOR, ".lead summary").click()
        picture(driver, "desk-phone.png")
        driver.get(f"{address}/score")
        for select in driver.find_elements(
            By.CSS_SELECTOR, "details[open] select"
        )[:4]:
            Select(select).select_by_index(1)
        for number in driver.find_elements(
            By.CSS_SELECTOR, "details[open] input[inputmode=decimal]"
        ):
            number.send_keys("4")
        driver.find_element(By.CSS_SELECTOR, ".lead-form button").click()
        picture(driver, "desk-score.png")


if __name__ == "__main__":
    main()
