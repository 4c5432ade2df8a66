"""The examples of docs/api.md, run as they stand against a real server, and what its tables say."""

import re
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pandas as pd
import pytest
from waitress import create_server

from include.contract import KnownAt, load_contract
from include.local.aws.roles import LOCAL_API_KEY
from include.local.synthetic import synthetic_leads
from include.serving.app import create_app
from include.serving.holder import ChampionHolder, Champions
from include.serving.keys import Keys, hash_of
from include.settings import Settings

PAGE = (Path(__file__).parents[3] / "docs" / "api.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```(bash|python|javascript)\n(.*?)```", PAGE, flags=re.DOTALL)
SAYS = {
    "bash": [r'"tier":"[A-D]"', r"'=evil\(\),Reference,\d+,.*(?s:.*)'=evil\(\),Reference,\d+,", r'"kept":"now"'],
    "python": [r"^\d+ [A-D] .* (raises|lowers) the score$"],
    "javascript": [r"^\d+ [A-D]$"],
}
"""What each example prints, in the page's order."""


@pytest.fixture
def contract():
    """The guide's own: the examples name its columns."""
    return load_contract("x_education")


@pytest.fixture
def accounts(contract):
    leads = synthetic_leads(600, seed=0).rename(columns={column.name: column.field for column in contract.columns})
    leads = leads.astype(object).mask(leads.isin(contract.null_tokens), None)
    numbers = [column.field for column in contract.columns if column.numeric]
    return leads.assign(**leads[numbers].apply(pd.to_numeric)).astype({contract.label: int})


@pytest.fixture
def address(bucket, contract, accounts, scorer_for):
    keys = Keys(lambda: {"local": hash_of(LOCAL_API_KEY)})
    keys.refresh()
    scorer = scorer_for(KnownAt.CONTACT)
    champions = Champions(contract, {KnownAt.CONTACT: ChampionHolder(lambda served: scorer)}, poll_seconds=60)
    champions.refresh()
    server = create_server(create_app(champions, keys), host="127.0.0.1", port=0, threads=2)
    threading.Thread(target=server.run, daemon=True).start()
    yield f"http://127.0.0.1:{server.effective_port}"
    server.close()


def output(kind, code, folder):
    if kind == "python":
        command = [sys.executable, "-c", code]
    elif kind == "bash":
        command = ["bash", "-ec", code]
    else:
        (folder / "example.mjs").write_text(code)
        command = ["node", "example.mjs"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("kind", SAYS)
def test_every_example_of_the_page_says_what_it_should(kind, address, tmp_path):
    tool = {"bash": "curl", "javascript": "node", "python": sys.executable}[kind]
    if shutil.which(tool) is None:
        pytest.skip(f"{tool} is not installed here")
    examples = [code for language, code in EXAMPLES if language == kind]
    assert len(examples) == len(SAYS[kind])
    for code, says in zip(examples, SAYS[kind], strict=True):
        told = output(kind, code.replace("http://localhost:8090", address), tmp_path)
        assert re.search(says, told.strip()), told


def test_every_setting_and_every_limit_on_the_page_is_one():
    settings = Settings()
    assert [
        name for name in re.findall(r"LEADS_(API_[A-Z_]+)", PAGE) if name.lower() not in Settings.model_fields
    ] == []
    for value in (settings.api_requests_per_second, settings.api_burst, settings.api_max_columns):
        assert f"{value:g} " in PAGE
    assert f"{settings.api_max_leads:,}; `/predict/batch`" in PAGE
    assert settings.api_keys_secret in PAGE


def test_every_metric_on_the_page_is_one_and_none_is_left_out(client):
    found = set(re.findall(r"^# TYPE (leads_api_\w+) ", client.get("/metrics").text, flags=re.MULTILINE))
    assert set(re.findall(r"`(leads_api_\w+)`", PAGE)) == found
