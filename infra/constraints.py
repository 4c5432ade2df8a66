"""Fetch Airflow's own constraints, under which MWAA installs."""

import urllib.request
from pathlib import Path

CONSTRAINTS = "https://raw.githubusercontent.com/apache/airflow/constraints-{version}/constraints-3.12.txt"


def fetch_constraints(version: str, copy: Path | None) -> str:
    """Return Airflow's constraints for a version: a local copy's, else from Airflow's repository. Raises OSError."""
    if copy:
        return copy.read_text(encoding="utf-8")
    with urllib.request.urlopen(  # noqa: S310 - https above
        CONSTRAINTS.format(version=version), timeout=30
    ) as answer:
        text: str = answer.read().decode()
    return text
