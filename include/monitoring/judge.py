"""Turns two frames of leads into one verdict: stable, drift or outage."""

from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from include.contract import Contract
from include.monitoring.config import drift_config
from include.monitoring.drift import DriftReport, detect_drift
from include.monitoring.frames import compare_frames, missing_shares, monitored_columns
from include.monitoring.outage import Outage, find_outages


@dataclass(frozen=True)
class Analysis:
    """Everything that one comparison found; `verdict` is "stable", "drift" or "outage"."""

    verdict: str
    report: DriftReport
    outages: tuple[Outage, ...]
    missing_reference: dict[str, float]
    missing_current: dict[str, float]
    reference_rows: int
    current_rows: int

    def table(self) -> list[dict[str, Any]]:
        """One row per monitored column, ready for JSON: its verdict and the missing shares of both sides."""
        return [
            asdict(column)
            | {
                "missing_reference": self.missing_reference[column.column],
                "missing_current": self.missing_current[column.column],
            }
            for column in self.report.columns
        ]


def compare_leads(
    reference: pd.DataFrame, current: pd.DataFrame, contract: Contract, share_threshold: float, missing_jump: float
) -> Analysis:
    """Compares current leads with the reference.

    An outage wins over drift: the share of drifted columns means nothing while a feed is broken.

    Args:
        reference: rows of the champion's training snapshot, contract fields as columns.
        current: rows that arrived since.
        contract: says which columns are monitored and how.
        share_threshold: share of drifted columns from which on the verdict is drift, in [0, 1].
        missing_jump: rise in a column's missing share from which on it is an outage, in [0, 1].

    Raises:
        ColumnsDiffer: a monitored column is absent on one side.
    """
    config = drift_config()
    columns = monitored_columns(reference, contract)
    comparison = compare_frames(reference, current, columns, config.missing)
    outages = find_outages(reference, current, columns, missing_jump)
    report = detect_drift(comparison, config, share_threshold)
    return Analysis(
        verdict=_verdict(report.drifted_share, bool(outages), share_threshold),
        report=report,
        outages=outages,
        missing_reference=missing_shares(reference, columns),
        missing_current=missing_shares(current, columns),
        reference_rows=len(reference),
        current_rows=len(current),
    )


def _verdict(share: float, outage: bool, threshold: float) -> str:
    if outage:
        return "outage"
    return "drift" if share >= threshold else "stable"
