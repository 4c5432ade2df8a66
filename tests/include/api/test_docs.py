"""The examples of docs/api.md and docs/endpoint.md, run as they stand against real servers, and the tables' claims."""

import os
import re
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pandas as pd
import pytest
from waitress import create_server

from demo.leads.synthetic import synthetic_leads
from include.api.access.keys import Keys, hash_of
from include.api.app import create_app
from include.contract import KnownAt, load_contract
from include.scoring.champions import ChampionHolder, Champions
from include.settings import Settings, all_settings, settings
from localaws.roles import LOCAL_API_KEY

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
ENDPOINT_PAGE = (ROOT / "docs" / "endpoint.md").read_text(encoding="utf-8")
NODE_MODULES = ROOT / "tests" / "node"
EXAMPLE = re.compile(r"```(bash|python|javascript)\n(.*?)```", flags=re.DOTALL)
EXAMPLES = EXAMPLE.findall(PAGE)
TOOLS = {"bash": "curl", "javascript": "node", "python": sys.executable}
SAYS = {
    "bash": [
        r'"tier":"[A-D]"',
        r'"\'=evil\(\)","Reference",\d+,.*(?s:.*)"\'=evil\(\)","Reference",\d+,',
        r'"kept":"now"',
    ],
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
    leads = synthetic_leads(600, seed=0).rename(
        columns={column.name: column.field for column in contract.columns}
    )
    leads = leads.astype(object).mask(leads.isin(contract.null_tokens), None)
    numbers = [column.field for column in contract.columns if column.numeric]
    return leads.assign(**leads[numbers].apply(pd.to_numeric)).astype(
        {contract.label: int}
    )


@pytest.fixture
def address(bucket, contract, accounts, scorer_for):
    keys = Keys(lambda: {"local": hash_of(LOCAL_API_KEY)})
    keys.refresh()
    scorer = scorer_for(KnownAt.CONTACT)
    champions = Champions(
        contract,
        {KnownAt.CONTACT: ChampionHolder(lambda served: scorer)},
        poll_seconds=60,
    )
    champions.refresh()
    server = create_server(
        create_app(settings(), champions, keys),
        host="127.0.0.1",
        port=0,
        threads=2,
    )
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
    done = subprocess.run(
        command,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def need(tool):
    if shutil.which(tool) is None:
        pytest.skip(f"{tool} is not installed here")


@pytest.mark.parametrize("kind", SAYS)
def test_every_example_of_the_page_says_what_it_should(kind, address, tmp_path):
    need(TOOLS[kind])
    examples = [code for language, code in EXAMPLES if language == kind]
    assert len(examples) == len(SAYS[kind])
    for code, says in zip(examples, SAYS[kind], strict=True):
        told = output(
            kind, code.replace("http://localhost:8090", address), tmp_path
        )
        assert re.search(says, told.strip()), told


@pytest.fixture
def installed(tmp_path):
    """A folder with what the Node.js example imports, from the npm registry by the lock."""
    need("npm")
    for name in ("package.json", "package-lock.json"):
        shutil.copy(NODE_MODULES / name, tmp_path)
    command = [
        "npm",
        "ci",
        "--prefer-offline",
        "--no-audit",
        "--no-fund",
        "--ignore-scripts",
    ]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return tmp_path


def test_both_clients_of_the_endpoints_page_get_scores_and_a_refused_lead_says_why(
    installed, deploy, packed, monkeypatch
):
    """Through InvokeEndpoint of local AWS, which hands it to the container that serves the champions."""
    monkeypatch.setenv("AWS_REGION", os.environ["AWS_DEFAULT_REGION"])
    deploy(packed("1"))
    examples = {
        kind: code.replace('"lead-conversion"', f'"{settings().endpoint.name}"')
        for kind, code in EXAMPLE.findall(ENDPOINT_PAGE)[:2]
    }
    assert list(examples) == ["python", "javascript"]
    told = {
        kind: output(kind, code, installed) for kind, code in examples.items()
    }
    assert re.match(r"\d+ [A-D] \[.*(raises|lowers) the score'", told["python"])
    numbers = {kind: text.split()[:2] for kind, text in told.items()}
    assert numbers["python"] == numbers["javascript"]
    refused = examples["javascript"].replace(
        "TotalVisits: 5", "TotalVisits: -5"
    )
    caught = "import('./refused.mjs').catch((e) => console.log(e.name, e.OriginalStatusCode, e.OriginalMessage))"
    (installed / "refused.mjs").write_text(refused)
    said = output("javascript", caught, installed)
    assert said.startswith("ModelError 422")
    assert "must not be below 0" in said


def test_every_setting_and_every_limit_on_the_page_is_one():
    defaults = Settings()
    variables = {
        variable for setting in all_settings() for variable in setting.variables
    }
    assert set(re.findall(r"LEADS_API_[A-Z_]+", PAGE)) <= variables
    for value in (
        defaults.api.requests_per_second,
        defaults.api.burst,
        defaults.api.max_columns,
    ):
        assert f"{value:g} " in PAGE
    assert f"{defaults.api.max_events:,} events" in PAGE
    assert f"{defaults.api.max_leads:,}; `/predict/batch`" in PAGE
    assert defaults.api.keys_secret in PAGE


def test_every_metric_on_the_page_is_one_and_none_is_left_out(client):
    found = set(
        re.findall(
            r"^# TYPE (leads_api_\w+) ",
            client.get("/metrics").text,
            flags=re.MULTILINE,
        )
    )
    assert set(re.findall(r"`(leads_api_\w+)`", PAGE)) == found
