"""Make the closing tables of the replay."""

from collections import Counter
from collections.abc import Sequence

from rich.table import Table

from demo.ports import Ports
from demo.replay.facts import Facts
from localaws.roles import LOCAL_API_KEY

COLUMNS = (
    "batch",
    "new",
    "in table",
    "drift",
    "branch",
    "challenger",
    "champion before",
    "gate",
    "champion",
    "alerts",
    "s",
)


def outcome_table(outcomes: Sequence[Facts]) -> Table:
    """Make one row per batch: leads, drift, branch, holdout ROC-AUC of both models, verdict, version, alerts."""
    table = Table(
        title="What happened, batch by batch (ROC-AUC on the untouched holdout)"
    )
    for name in COLUMNS:
        table.add_column(name)
    serving = ""
    for facts in outcomes:
        serving = facts.champion_version or serving
        table.add_row(*cells(facts, serving))
    return table


def cells(facts: Facts, serving: str) -> tuple[str, ...]:
    """Return a batch's row of the table; `serving` is the champion's version after it."""
    return (
        facts.batch,
        f"{facts.arrived:,}",
        f"{facts.rows:,}",
        drift_cell(facts),
        facts.branch,
        _auc(facts.challenger),
        _auc(facts.champion),
        facts.decision or "–",
        f"v{serving}" if serving else "–",
        alerts_cell(facts.alerts),
        f"{facts.seconds:.0f}",
    )


def drift_cell(facts: Facts) -> str:
    """Return the analysis in a few words: its verdict, with the share of drifted columns where any were compared."""
    verdict = facts.verdict.replace("_", " ")
    if facts.verdict in ("no_champion", "not_enough_data"):
        return verdict
    return f"{facts.drifted_share:.2f} {verdict}"


def alerts_cell(alerts: Sequence[str]) -> str:
    """Return how many alerts each channel got."""
    counts = Counter(alert.split(":")[0] for alert in alerts)
    cells = [f"{count} {channel}" for channel, count in sorted(counts.items())]
    return ", ".join(cells) or "–"


def _auc(metrics: dict[str, float] | None) -> str:
    return f"{metrics['roc_auc']:.4f}" if metrics else "–"


def address_table(ports: Ports, stopped_by: str = "make down") -> Table:
    """List where to look, until the stack is stopped by the command `stopped_by`."""
    table = Table("what", "where", title=f"Running until `{stopped_by}`")
    table.add_row("Airflow (DAGs, runs, logs)", ports.airflow)
    table.add_row("MLflow (experiments, registered models)", ports.mlflow)
    table.add_row(f"Scoring API (key {LOCAL_API_KEY})", ports.api)
    table.add_row("Alert inbox (Slack, email)", ports.inbox)
    table.add_row("Local AWS (AWS_ENDPOINT_URL)", ports.aws)
    return table
