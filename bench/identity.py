"""What it costs to find out which records are one person: `python -m bench.identity [--json]`.

Random records of one source with an id, an e-mail and a phone number. A fifth of the people has two records or more, a
tenth of the e-mails is missing, two percent share one inbox, and each record arrives at a moment of its own. Then
rows that refer to those people, two for each record. Each size is a process of its own.

- `read_seconds`, `match_seconds`, `again_seconds` (the same load once more), `resolve_seconds` (rows that refer to
  people), `report_seconds`: seconds of the processors, those of the phone numbers' processes included, so that other
  work on the machine counts little.
- `peak_mb`: the largest resident size of the process.
- `growth_exponent`: of the sum of all seconds, from the smallest to the largest size.
"""

import argparse
import json
import math
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa

from bench._table import last_line, show
from include.contract.format.identity import IdentityDocument
from include.identity.claims import MOMENT, read_load
from include.identity.ledger import Ledger
from include.identity.matching import match
from include.identity.normalising import KeyNormaliser
from include.identity.report import match_report
from include.identity.resolving import key_indexes, resolve
from include.identity.rules import IdentityRules, rules_of

SIZES = (100_000, 1_000_000)
ROWS_A_RECORD = 2
PIECE = 500_000
YEAR = 365 * 86_400
START = datetime(2025, 1, 1, tzinfo=UTC)
LOADED = datetime(2026, 1, 1, tzinfo=UTC)
RULES = {
    "default_region": "DE",
    "keys": [
        {"name": "crm", "kind": "id"},
        {"name": "mail", "kind": "email"},
        {"name": "phone", "kind": "phone"},
    ],
    "sources": {
        "leads": {
            "defines": True,
            "keys": {"crm": ["id"], "mail": ["mail"], "phone": ["phone"]},
        },
        "events": {"keys": {"crm": ["id"], "mail": ["mail"]}},
    },
}


def text(prefix: str, numbers: np.ndarray, suffix: str = "") -> np.ndarray:
    """Texts that differ by a number."""
    texts = np.char.add(prefix, numbers.astype(str))
    return np.char.add(texts, suffix).astype(object)


def moments(rng: np.random.Generator, number: int) -> pa.Array:
    """Moments of a year."""
    seconds = START.timestamp() + rng.random(number) * YEAR
    return pa.array((seconds * 1e6).astype(np.int64)).cast(MOMENT)


def made_leads(rng: np.random.Generator, people: np.ndarray) -> pa.Table:
    """Records of people."""
    number = people.size
    mail = text("Person.", people, "+x@Example.com")
    mail[rng.random(number) < 0.1] = None
    mail[rng.random(number) < 0.02] = "info@example.com"
    phone = text("+4930", people + 10_000_000)
    phone[rng.random(number) < 0.3] = None
    columns = {
        "id": pa.array(text("C", np.arange(number)), pa.string()),
        "mail": pa.array(mail, pa.string()),
        "phone": pa.array(phone, pa.string()),
        "at": moments(rng, number),
    }
    return pa.table(columns)


def made_events(rng: np.random.Generator, people: np.ndarray) -> pa.Table:
    """Rows that refer to people, by id or e-mail or both or neither."""
    number = people.size * ROWS_A_RECORD
    records = rng.integers(0, people.size, number)
    ids = text("C", records)
    mail = text("person.", people[records], "@example.com")
    ids[rng.random(number) < 0.5] = None
    mail[rng.random(number) < 0.3] = None
    columns = {
        "id": pa.array(ids, pa.string()),
        "mail": pa.array(mail, pa.string()),
        "at": moments(rng, number),
    }
    return pa.table(columns)


def processor_seconds() -> float:
    """Seconds of this process and of those it has waited for."""
    times = os.times()
    return sum(times[:4])


def timed[T](figures: dict[str, float], name: str, work: Callable[[], T]) -> T:
    """Does some work and notes its seconds, of the processors and on the clock."""
    started = processor_seconds()
    clock = time.monotonic()
    result = work()
    figures[f"{name}_seconds"] = processor_seconds() - started
    figures[f"{name}_wall_seconds"] = time.monotonic() - clock
    return result


def measured(records: int, processes: int) -> dict[str, float]:
    """Figures of one size."""
    rng = np.random.default_rng(1)
    rules = rules_of(IdentityDocument.model_validate(RULES).model_dump())
    people = rng.integers(0, int(records * 0.8), records)
    leads = made_leads(rng, people)
    figures: dict[str, float] = {"records": records}
    with KeyNormaliser(rules.spelling, processes) as normaliser:
        load = timed(
            figures,
            "read",
            lambda: read_load(
                leads, "leads", rules, "id", LOADED, "at", normaliser
            ),
        )
    empty = Ledger.empty()
    additions = timed(figures, "match", lambda: match(empty, load, rules))
    ledger = empty.plus(additions)
    timed(figures, "again", lambda: match(ledger, load, rules))
    report = timed(
        figures, "report", lambda: match_report(empty, ledger, load, rules)
    )
    figures["people"] = report.people
    events = made_events(rng, people)
    timed(figures, "resolve", lambda: resolved(ledger, events, rules))
    usage = resource.getrusage(resource.RUSAGE_SELF)
    figures["peak_mb"] = usage.ru_maxrss / 1024
    return figures


def resolved(ledger: Ledger, events: pa.Table, rules: IdentityRules) -> int:
    """Number of rows of nobody; the table is looked at in pieces, as a job would."""
    indexes = key_indexes(ledger, rules)
    nobody = 0
    for start in range(0, events.num_rows, PIECE):
        piece = events.slice(start, PIECE)
        found = resolve(indexes, piece, "events", rules, LOADED, "at")
        nobody += found.person_id.null_count
    return nobody


def total(figures: dict[str, float]) -> float:
    """Processor seconds of everything."""
    names = ("read", "match", "again", "report", "resolve")
    return sum(figures[f"{name}_seconds"] for name in names)


def main() -> None:
    """Measures each size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        last_line(measured(options.one, options.processes), True)
        return
    results = []
    for size in options.sizes:
        command = [sys.executable, "-m", "bench.identity", "--one", str(size)]
        command += ["--processes", str(options.processes)]
        output = subprocess.check_output(command, text=True)  # noqa: S603
        results.append(json.loads(output.splitlines()[-1]))
    first, last = results[0], results[-1]
    growth = 0.0
    if last["records"] > first["records"]:
        growth = math.log(total(last) / total(first))
        growth /= math.log(last["records"] / first["records"])
    rows = [list(figures.values()) for figures in results]
    show("Identity", list(first), rows)
    last_line({**last, "growth_exponent": growth}, options.json)


if __name__ == "__main__":
    main()
