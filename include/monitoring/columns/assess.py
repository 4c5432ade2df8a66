"""Turns two sets of leads into one verdict: stable, drift or outage."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from include.contract import Column, Contract
from include.monitoring.columns.condense import EXACT, UNKNOWN, Tolerance, condense_levels, condense_numbers
from include.monitoring.columns.config import DriftConfig, drift_config
from include.monitoring.columns.drift import ColumnDrift, DriftReport, detect_drift
from include.monitoring.columns.frames import (
    Leads,
    as_levels,
    comparable_columns,
    compare_frames,
    fill_numbers,
    require,
    side_by_side,
    side_values,
)
from include.monitoring.columns.outage import Outage, broken, new_levels
from include.monitoring.columns.tally import Tally
from include.monitoring.errors import NothingToCompareError

SEED = 0
BOUNDED = {True: "wasserstein", False: "jensenshannon"}
"""The method, for numbers and for levels, whose score on condensed columns has a known bound."""


@dataclass(frozen=True)
class Analysis:
    """Everything that one comparison found; `verdict` is "stable", "drift" or "outage".

    Attributes:
        verdict: an outage comes before drift.
        report: verdict and score per monitored column.
        outages: broken columns.
        missing_reference: share of missing values per monitored column, of all rows.
        missing_current: the same for the current rows.
        reference_rows: all rows of the reference.
        current_rows: all rows of the window.
        sampled_rows: values per column, at most, on which the scores of the report were computed.
        new_levels: rows per level that the reference does not know, for each column that has some.
    """

    verdict: str
    report: DriftReport
    outages: tuple[Outage, ...]
    missing_reference: dict[str, float]
    missing_current: dict[str, float]
    reference_rows: int
    current_rows: int
    sampled_rows: int = 0
    new_levels: dict[str, dict[str, int]] = field(default_factory=dict)

    def details(self) -> dict[str, Any]:
        """What the report says beside verdict and scores: how they were computed, and the new levels."""
        return {
            "rows": {"reference": self.reference_rows, "current": self.current_rows},
            "sampled_rows": self.sampled_rows,
            "score_error": {one.column: float(f"{one.error:.3g}") for one in self.report.columns if one.error},
            "judged_on_all_rows": list(self.report.exact_columns),
            "new_levels": self.new_levels,
        }

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


@dataclass(frozen=True)
class _Examined:
    """One column: what all of its rows say, and the values that Evidently is given."""

    column: Column
    missing: tuple[float, float]
    outage: Outage | None
    new_levels: dict[str, int]
    pair: tuple[pd.Series, pd.Series]
    tolerance: Tolerance


def compare_leads(
    reference: Leads, current: Leads, contract: Contract, share_threshold: float, missing_jump: float
) -> Analysis:
    """Compares current leads with the reference, holding one whole column of each at a time.

    Missing shares, outages and new levels are counted in all rows. Scores come from columns condensed to `sample.rows`
    values (drift.yaml) where there are more; a column whose score is so near its threshold that this could decide its
    verdict is judged again on all rows. An outage wins over drift: the share of drifted columns means nothing while a
    feed is broken.

    Args:
        reference: rows of the champion's training snapshot, contract fields as columns.
        current: rows that arrived since.
        contract: says which columns are monitored and how.
        share_threshold: share of drifted columns from which on the verdict is drift, in [0, 1].
        missing_jump: rise in a column's missing share from which on it is an outage, in [0, 1].

    Raises:
        ColumnsDifferError: a monitored column is absent on one side.
        NotNumbersError: a column of numbers holds text.
        NothingToCompareError: one side has no rows.
    """
    config, random = drift_config(), np.random.default_rng(SEED)
    columns = _check(reference, current, contract)
    sides = zip(side_values(reference, columns), side_values(current, columns), columns, strict=True)
    found = (_examine(Tally(before), Tally(now), column, config, missing_jump, random) for before, now, column in sides)
    examined = [column for column in found if column]
    outages = tuple(one.outage for one in examined if one.outage)
    report = _scores(reference, current, examined, config, share_threshold)
    return Analysis(
        verdict=_verdict(report.drifted_share, bool(outages), share_threshold),
        report=report,
        outages=outages,
        missing_reference={one.column.field: one.missing[0] for one in examined},
        missing_current={one.column.field: one.missing[1] for one in examined},
        reference_rows=len(reference),
        current_rows=len(current),
        sampled_rows=min(config.sample.rows, max(len(reference), len(current))),
        new_levels={one.column.field: one.new_levels for one in examined if one.new_levels},
    )


def _check(reference: Leads, current: Leads, contract: Contract) -> tuple[Column, ...]:
    columns = comparable_columns(contract)
    for leads, side in ((reference, "reference"), (current, "current window")):
        if not len(leads):
            raise NothingToCompareError(f"the {side} has no rows; check the UNLOAD that wrote it")
        require(leads, columns, side)
    return columns


def _examine(
    before: Tally,
    now: Tally,
    column: Column,
    config: DriftConfig,
    missing_jump: float,
    random: np.random.Generator,
) -> _Examined | None:
    if not before.varies:
        return None
    *pair, tolerance = _condense(before, now, column, config, random)
    return _Examined(
        column,
        (before.missing_share, now.missing_share),
        broken(before, now, column, missing_jump),
        {} if column.numeric else new_levels(before.counts, now.counts),
        (pair[0], pair[1]),
        tolerance,
    )


def _condense(
    before: Tally, now: Tally, column: Column, config: DriftConfig, random: np.random.Generator
) -> tuple[pd.Series, pd.Series, Tolerance]:
    rows, missing = config.sample.rows, config.missing
    if column.numeric:
        kept, kept_now, tolerance = condense_numbers(*fill_numbers(before.values, now.values, missing), rows, random)
    else:
        kept, kept_now, tolerance = condense_levels(before, now, rows, random)
        kept, kept_now = as_levels(kept, missing), as_levels(kept_now, missing)
    if tolerance == EXACT:
        return kept, kept_now, EXACT
    method = (config.numeric if column.numeric else config.categorical).method
    return kept, kept_now, tolerance if method == BOUNDED[column.numeric] else UNKNOWN


def _scores(
    reference: Leads, current: Leads, examined: Sequence[_Examined], config: DriftConfig, share_threshold: float
) -> DriftReport:
    columns = [one.column for one in examined]
    tolerances = {one.column.field: one.tolerance for one in examined}
    report = detect_drift(
        side_by_side({one.column.field: one.pair for one in examined}, columns), config, share_threshold
    )
    scored = [replace(one, error=tolerances[one.column].of(one.score)) for one in report.columns]
    by_field = {column.field: column for column in columns}
    settled = tuple(
        _on_all_rows(reference, current, by_field[one.column], config) if one.undecided else one for one in scored
    )
    exact = tuple(one.column for one in scored if one.undecided)
    note = _note(settled, exact, config.sample.rows, (len(reference), len(current)))
    return replace(report, columns=settled, exact_columns=exact, note=note)


def _note(columns: Sequence[ColumnDrift], exact: Sequence[str], sample: int, rows: tuple[int, int]) -> str:
    if max(rows) <= sample:
        return ""
    error = max((column.error for column in columns), default=0.0)
    verdicts = ", ".join(f"{c.column} {c.score:.4f}{' (drift)' * c.drifted}" for c in columns if c.column in exact)
    return (
        f"Scores and pictures: {sample:,} values per column and side at most, standing for {rows[0]:,} reference and "
        f"{rows[1]:,} current rows; no score is off by more than {error:.4f}. Too near their threshold for that and "
        f"therefore judged on all rows: {verdicts or 'none'}."
    )


def _on_all_rows(reference: Leads, current: Leads, column: Column, config: DriftConfig) -> ColumnDrift:
    (found,) = detect_drift(compare_frames(reference, current, [column], config.missing), config).columns
    return found


def _verdict(share: float, outage: bool, threshold: float) -> str:
    if outage:
        return "outage"
    return "drift" if share >= threshold else "stable"
