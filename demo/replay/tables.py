"""Make the closing tables of the replay."""

from collections import Counter
from collections.abc import Mapping, Sequence

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from demo.ports import Ports
from demo.replay.facts import Facts
from demo.replay.open_leads import OpenFacts
from localaws.roles import LOCAL_API_KEY

WIDTH = 100
"""Columns of a terminal in which every table fits; at 80 texts break between words, and no header is cut."""
COLUMNS = (
    "batch",
    "new",
    "all",
    "drift",
    "branch",
    "ROC-AUC",
    "before",
    "gate",
    "now",
    "s",
)
WORDS = {"batch": 8, "drift": 8, "branch": 7}
"""Columns of words, which break between them in a narrow terminal, and the length of their longest word."""
NUMBERS = {"new", "all", "ROC-AUC", "before", "s"}
GAP = (0, 1, 0, 0)


def outcome_table(outcomes: Sequence[Facts]) -> Table:
    """Make one row per batch: leads, drift, branch, holdout ROC-AUC of both models, verdict, version."""
    table = Table(
        title="What happened, batch by batch",
        caption="new, all: leads of the batch, and in the table after it\n"
        "ROC-AUC, before: the challenger, and the champion before it, on the holdout\n"
        "now: the champion after the batch, those of further outcomes below it · s: seconds",
        box=SIMPLE_HEAD,
        padding=GAP,
        pad_edge=False,
        show_edge=False,
    )
    for name in COLUMNS:
        table.add_column(
            name,
            justify="right" if name in NUMBERS else "left",
            no_wrap=name not in WORDS,
            min_width=WORDS.get(name),
            overflow="fold",
        )
    serving = ""
    further: dict[str, str] = {}
    for facts in outcomes:
        serving = facts.champion_version or serving
        for outcome, version in facts.further:
            further[outcome] = version or further.get(outcome, "")
        table.add_row(*cells(facts, serving, further))
    return table


def cells(
    facts: Facts, serving: str, further: Mapping[str, str] | None = None
) -> tuple[str, ...]:
    """Return a batch's row of the table.

    Args:
        facts: of the batch.
        serving: version of the main outcome's champion after it; empty without one.
        further: further outcome to the same, for those that were compared so far.
    """
    champions = [_version(serving)]
    for outcome, version in (further or {}).items():
        champions.append(f"{outcome} {_version(version)}")
    return (
        facts.batch,
        f"{facts.arrived:,}",
        f"{facts.rows:,}",
        drift_cell(facts),
        facts.branch.replace("_", " "),
        _auc(facts.challenger),
        _auc(facts.champion),
        facts.decision or "–",
        "\n".join(champions),
        f"{facts.seconds:.0f}",
    )


def _version(version: str) -> str:
    return f"v{version}" if version else "–"


def drift_cell(facts: Facts) -> str:
    """Return the analysis in a few words: its verdict, with the share of drifted columns where any were compared."""
    verdict = facts.verdict.replace("_", " ")
    if facts.verdict in ("no_champion", "not_enough_data"):
        return verdict
    return f"{facts.drifted_share:.2f} {verdict}"


def alert_table(outcomes: Sequence[Facts]) -> Table:
    """Make one row per batch: how many alerts it caused, and of what."""
    table = Table(
        title="What people were told, in Slack and by email",
        box=SIMPLE_HEAD,
        padding=GAP,
        pad_edge=False,
        show_edge=False,
    )
    table.add_column("batch")
    table.add_column("alerts")
    for facts in outcomes:
        table.add_row(facts.batch, Text(alerts_cell(facts.alerts)))
    return table


def alerts_cell(alerts: Sequence[str]) -> str:
    """Return how many alerts there were, and of what: `2 alerts: data drift detected, a new champion`."""
    if not alerts:
        return "none"
    noun = "alert" if len(alerts) == 1 else "alerts"
    names = [
        name if times == 1 else f"{name} ({times} times)"
        for name, times in Counter(alerts).items()
    ]
    return f"{len(alerts)} {noun}: {', '.join(names)}"


def _auc(metrics: dict[str, float] | None) -> str:
    return f"{metrics['roc_auc']:.4f}" if metrics else "–"


def open_table(facts: OpenFacts) -> Table:
    """Say what became of the leads whose outcome was not known."""
    table = Table(
        title="Open leads: whom to call next",
        box=SIMPLE_HEAD,
        padding=GAP,
        pad_edge=False,
        show_edge=False,
    )
    table.add_column("what")
    table.add_column("count", justify="right")
    table.add_row("arrived without an outcome", f"{facts.arrived:,}")
    table.add_row("scored", f"{facts.scored:,}")
    table.add_row("scored with reasons", f"{facts.explained:,}")
    table.add_row("on the lead desk", f"{facts.on_desk:,}")
    table.add_row("words of feedback collected", f"{facts.feedback:,}")
    table.add_row("outcomes that arrived late", f"{facts.outcomes:,}")
    table.add_section()
    table.add_row("other leads in the warehouse", f"{facts.other_leads:,}")
    table.add_row("leads that converted", f"{facts.conversions:,}")
    if facts.best is not None:
        lead, score = facts.best
        # A lead's key is no markup of rich.
        table.caption = Text(
            f"first on the desk: {lead} with a score of {score}"
        )
    return table


def address_table(ports: Ports, stopped_by: str = "make down") -> Table:
    """List where to look, until the stack is stopped by the command `stopped_by`."""
    table = Table(
        title=f"Running until `{stopped_by}`",
        box=SIMPLE_HEAD,
        padding=GAP,
        pad_edge=False,
        show_edge=False,
    )
    table.add_column("what")
    table.add_column("where", no_wrap=True)
    table.add_row(
        f"Lead desk: log in with any user name and the password {LOCAL_API_KEY}",
        f"{ports.api}/desk",
    )
    table.add_row("Alert inbox: what Slack and email would show", ports.inbox)
    table.add_row("Airflow: DAGs, runs, logs", ports.airflow)
    table.add_row("MLflow: experiments, registered models", ports.mlflow)
    table.add_row(
        f"Scoring API: header X-API-Key with {LOCAL_API_KEY}", ports.api
    )
    table.add_row("Local AWS: AWS_ENDPOINT_URL", ports.aws)
    return table
