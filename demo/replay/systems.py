"""Draw the leads of a contract with several sources, and cut what its systems write into batches by arrival.

The files are those of `demo.story`: a CRM, a marketing platform and applications. What arrived in one month lies in one
folder of each source.
"""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import pandas as pd

from demo.replay.open_leads import OpenFacts, read_counts
from demo.story.files import Layout, write_story
from demo.story.story import make_world
from include.contract import Contract
from include.settings import Settings

LEADS = 6000
SEED = 7
FIRST_SHARE = 0.75
"""Share of the months that make the first champion."""
LEADS_FOLDER = "crm/leads"
LEAD_KEY = "lead_id"
BASELINE = {"families": ["logistic_regression"]}
"""Form of the first run of the master DAG: a champion in minutes, which all families challenge later."""


@dataclass(frozen=True)
class Delivery:
    """What the systems wrote in some months.

    Attributes:
        name: for ids of runs.
        title: for people.
        files: path below the raw folder to content.
        rows: leads of whom it is the first that is heard.
        form: trigger form of the master DAG.
    """

    name: str
    title: str
    files: Mapping[str, bytes]
    rows: int
    form: Mapping[str, Any]


def draw_deliveries(
    folder: Path, leads: int = LEADS
) -> tuple[Delivery, Delivery]:
    """Write the story's files below a folder, which is emptied before, and return them in two deliveries."""
    shutil.rmtree(folder, ignore_errors=True)
    write_story(make_world(leads, SEED), folder, Layout(period="month"))
    raw = folder / "raw-data"
    paths = sorted(raw.rglob("*.csv"))
    months = sorted({path.parent.name for path in paths})
    border = months[round(FIRST_SHARE * len(months))]
    early: dict[str, bytes] = {}
    late: dict[str, bytes] = {}
    for path in paths:
        files = early if path.parent.name < border else late
        files[path.relative_to(raw).as_posix()] = path.read_bytes()
    known = _lead_keys(early)
    new = _lead_keys(late) - known
    return (
        Delivery("1-first-champion", "first champion", early, len(known), BASELINE),
        Delivery("2-newest", "newest months", late, len(new), {}),
    )  # fmt: skip


def _lead_keys(files: Mapping[str, bytes]) -> set[str]:
    """Return the keys of the leads in the CRM's files."""
    keys: set[str] = set()
    for path, content in files.items():
        if path.startswith(LEADS_FOLDER):
            rows = pd.read_csv(BytesIO(content), dtype=str)
            keys.update(rows[LEAD_KEY].dropna())
    return keys


def open_facts(
    settings: Settings,
    contract: Contract,
    scored: Mapping[str, int],
    on_desk: int,
    feedback: int,
    best: tuple[str, int] | None,
) -> OpenFacts:
    """Return what became of the leads whose outcome is not known yet; no outcome of theirs arrives later."""
    table = f"{settings.redshift.schema_name}.{contract.names.table}"
    label = contract.label
    counts = read_counts(
        settings,
        f"SELECT COUNT(*) - COUNT({label}) AS arrived, COUNT({label}) AS other_leads, "  # noqa: S608 - the contract's own names
        f"SUM({label}) AS conversions FROM {table}",
    )
    return OpenFacts(
        arrived=counts["arrived"],
        scored=scored["scored"],
        explained=scored["explained"],
        on_desk=on_desk,
        feedback=feedback,
        outcomes=0,
        other_leads=counts["other_leads"],
        conversions=counts["conversions"],
        best=best,
    )
