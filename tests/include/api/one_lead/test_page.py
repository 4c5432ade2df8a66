"""The request of docs/api.md and the Node.js client of docs/endpoint.md, on champions of the story's leads."""

import json
import re
import shutil
import subprocess
import threading
from pathlib import Path

import pytest
from waitress import create_server

from include.api.app import create_app
from include.api.one_lead import making
from include.contract import load_contract
from include.settings import settings
from include.unify.published import Published
from tests.include.unify.handed_over import STORY, Story

DOCS = Path(__file__).parents[4] / "docs"
SHIM = """
class InvokeEndpointCommand {{ constructor(input) {{ this.input = input; }} }}
class SageMakerRuntimeClient {{
  async send({{ input }}) {{
    const headers = {{ "Content-Type": input.ContentType }};
    const reply = await fetch("{address}/invocations", {{ method: "POST", headers, body: input.Body }});
    return {{ Body: new Uint8Array(await reply.arrayBuffer()) }};
  }}
}}
"""
"""The SDK's client, which asks the API in place of SageMaker."""
IMPORT = re.compile(r"^import .*$", flags=re.MULTILINE)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def story():
    return Story(600)


@pytest.fixture
def contract(monkeypatch):
    monkeypatch.setenv("LEADS_CONTRACT", str(STORY))
    monkeypatch.setenv("LEADS_API_AUTH", "off")
    settings.cache_clear()
    yield load_contract(str(STORY))
    settings.cache_clear()


@pytest.fixture
def accounts(story):
    leads = story.batch.leads.to_pandas()
    closed = leads[leads["converted"].notna()]
    return closed.astype({"converted": int})


@pytest.fixture
def published(story, monkeypatch):
    result = Published("day-1", story.as_of, story.batch.rates)
    monkeypatch.setattr(making, "read_published", lambda layout: result)


def test_the_request_of_the_page_is_answered(client, published):
    page = (DOCS / "api.md").read_text(encoding="utf-8")
    section = page.partition("## One lead with its events")[2]
    (body, *_) = re.findall(r"```json\n(.*?)```", section, flags=re.DOTALL)
    reply = client.post("/predict", json=json.loads(body))
    assert reply.status_code == 200, reply.text
    assert reply.json["ignored_fields"] == []
    assert reply.json["events_used"]["interactions"] == 2
    fields = set(re.findall(r"`([a-z_]+)`", section))
    assert set(reply.json) - {"versions", "predictions", "ignored_fields_count", "blank_rows"} <= fields  # fmt: skip


def test_the_nodejs_client_prints_a_score_and_what_it_was_made_of(
    serving_champions, published, tmp_path
):
    assert shutil.which("node"), "install Node.js"
    page = (DOCS / "endpoint.md").read_text(encoding="utf-8")
    code = re.findall(r"```javascript\n(.*?)```", page, flags=re.DOTALL)[-1]
    app = create_app(settings(), serving_champions)
    server = create_server(app, host="127.0.0.1", port=0, threads=1)
    threading.Thread(target=server.run, daemon=True).start()
    address = f"http://127.0.0.1:{server.effective_port}"
    shim = SHIM.format(address=address)
    (tmp_path / "client.mjs").write_text(IMPORT.sub(shim, code))
    output = subprocess.run(
        ["node", tmp_path / "client.mjs"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout
    server.close()
    assert re.match(r"\d+ [A-D] \[", output)
    assert "features from events as of 2026-01-08T12:00:00+00:00" in output
