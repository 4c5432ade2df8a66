"""Compare two sets of leads column by column: drift, outages, missing shares and new levels."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from include.contract import Column, Contract
from include.monitoring.columns.condense import (
    EXACT,
    UNKNOWN,
    Tolerance,
    condense_levels,
    condense_numbers,
)
from include.monitoring.columns.config import DriftConfig, drift_config
from include.monitoring.columns.drift import (
    ColumnDrift,
    DriftReport,
    detect_drift,
)
from include.monitoring.columns.frames import (
    Leads,
    as_levels,
    columns_of_both,
    comparable_columns,
    compare_frames,
    draw_in,
    fill_numbers,
    side_by_side,
    side_values,
)
from include.monitoring.columns.outage import (
    Outage,
    absent_columns,
    broken,
    new_levels,
)
from include.monitoring.columns.tally import Tally
from include.monitoring.errors import NothingToCompareError

SEED = 0
BOUNDED = {True: "wasserstein", False: "jensenshannon"}
"""The method, for numbers and for levels, whose score on condensed columns has a known bound."""


@dataclass(frozen=True)
class Analysis:
    """Everything that one comparison of columns found.

    Attributes:
        report: verdict and score per monitored column.
        share_threshold: share of drifted columns from which on the data has drifted.
        outages: broken columns.
        missing_reference: share of missing values per monitored column, of all rows.
        missing_current: the same for the current rows.
        reference_rows: all rows of the reference.
        current_rows: all rows of the window.
        sampled_rows: values per column, at most, on which the scores of the report were computed.
        new_levels: rows per level that the reference does not know, for each column that has some.
    """

    report: DriftReport
    share_threshold: float
    outages: tuple[Outage, ...]
    missing_reference: dict[str, float]
    missing_current: dict[str, float]
    reference_rows: int
    current_rows: int
    sampled_rows: int = 0
    new_levels: dict[str, dict[str, int]] = field(default_factory=dict)

    @property
    def drifted(self) -> bool:
        """Whether so many columns drifted that the data as a whole has."""
        return self.report.drifted_share >= self.share_threshold


@dataclass(frozen=True)
class _Examined:
    """One column: what all of its rows say, and the values that Evidently is given."""

    column: Column
    missing_reference: float
    missing_current: float
    outage: Outage | None
    new_levels: dict[str, int]
    pair: tuple[pd.Series, pd.Series]
    tolerance: Tolerance

    @property
    def field(self) -> str:
        """The column's field."""
        return self.column.field


def compare_leads(
    reference: Leads,
    current: Leads,
    contract: Contract,
    share_threshold: float,
    missing_jump: float,
) -> Analysis:
    """Compare current leads with the reference, holding one whole column of each at a time.

    Columns are compared that both sides have. One that the contract has gained is not in the reference, one that it
    has lost is not in the contract: `contract_change` names them. One that only the window lacks is an outage.

    Missing shares, outages and new levels are counted in all rows. Scores come from columns condensed to `sample.rows`
    values (drift.yaml) where there are more; a column whose score is so near its threshold that this could decide its
    verdict is compared again on all rows.

    Args:
        reference: rows of the champion's training snapshot, contract fields as columns.
        current: rows that arrived since.
        contract: says which columns are monitored and how.
        share_threshold: share of drifted columns from which on the data has drifted, in [0, 1].
        missing_jump: rise in a column's missing share from which on it is an outage, in [0, 1].

    Raises:
        NotNumbersError: a column of numbers holds text.
        NothingToCompareError: one side has no rows.
    """
    _require_rows(reference, "reference")
    _require_rows(current, "current window")
    config = drift_config()
    monitored = comparable_columns(contract)
    columns = columns_of_both(reference, current, monitored)
    examined = list(
        _examine_all(reference, current, columns, config, missing_jump)
    )
    broken_columns = tuple(
        column.outage for column in examined if column.outage
    )
    return Analysis(
        report=_scores(reference, current, examined, config, share_threshold),
        share_threshold=share_threshold,
        outages=broken_columns + absent_columns(reference, current, monitored),
        missing_reference={
            column.field: column.missing_reference for column in examined
        },
        missing_current={
            column.field: column.missing_current for column in examined
        },
        reference_rows=len(reference),
        current_rows=len(current),
        sampled_rows=min(config.sample.rows, max(len(reference), len(current))),
        new_levels={
            column.field: column.new_levels
            for column in examined
            if column.new_levels
        },
    )


def _require_rows(leads: Leads, side: str) -> None:
    """Raise NothingToCompareError, naming the side, where it has no rows."""
    if not len(leads):
        raise NothingToCompareError(
            f"the {side} has no rows; check the UNLOAD that wrote it"
        )


def _examine_all(
    reference: Leads,
    current: Leads,
    columns: Sequence[Column],
    config: DriftConfig,
    missing_jump: float,
) -> Iterator[_Examined]:
    """Yield every column that varies in the reference, with what all of its rows say."""
    random = np.random.default_rng(SEED)
    both_sides = zip(
        columns,
        side_values(reference, columns),
        side_values(current, columns),
        strict=True,
    )
    for column, reference_values, current_values in both_sides:
        reference_tally = Tally(reference_values)
        if reference_tally.varies:
            yield _examine(
                reference_tally,
                Tally(current_values),
                column,
                config,
                missing_jump,
                random,
            )


def _examine(
    before: Tally,
    after: Tally,
    column: Column,
    config: DriftConfig,
    missing_jump: float,
    random: np.random.Generator,
) -> _Examined:
    """Return what all rows of a column say, and the values of both sides that Evidently is given."""
    condensed_before, condensed_after, tolerance = _condense(
        before, after, column, config, random
    )
    return _Examined(
        column,
        before.missing_share,
        after.missing_share,
        broken(before, after, column, missing_jump),
        {} if column.numeric else new_levels(before.counts, after.counts),
        (condensed_before, condensed_after),
        tolerance,
    )


def _condense(
    before: Tally,
    after: Tally,
    column: Column,
    config: DriftConfig,
    random: np.random.Generator,
) -> tuple[pd.Series, pd.Series, Tolerance]:
    """Return both sides at `sample.rows` values at most, and how far that can move the column's score."""
    rows = config.sample.rows
    missing = config.missing
    if column.numeric:
        filled_before, filled_after = fill_numbers(
            before.values, after.values, missing
        )
        reference, current, tolerance = condense_numbers(
            *draw_in(filled_before, filled_after, config.extremes.share),
            rows,
            random,
        )
    else:
        reference, current, tolerance = condense_levels(
            before,
            after,
            rows,
            random,
        )
        reference = as_levels(reference, missing)
        current = as_levels(current, missing)
    if tolerance == EXACT:
        return reference, current, EXACT
    method = (config.numeric if column.numeric else config.categorical).method
    has_bound = method == BOUNDED[column.numeric]
    return reference, current, tolerance if has_bound else UNKNOWN


def _scores(
    reference: Leads,
    current: Leads,
    examined: Sequence[_Examined],
    config: DriftConfig,
    share_threshold: float,
) -> DriftReport:
    """Return Evidently's report, with the columns that it leaves undecided compared again on all rows."""
    columns = [column.column for column in examined]
    pairs = {column.field: column.pair for column in examined}
    tolerances = {column.field: column.tolerance for column in examined}
    by_field = {column.field: column for column in columns}
    report = detect_drift(side_by_side(pairs, columns), config, share_threshold)
    final: list[ColumnDrift] = []
    exact: list[str] = []
    for condensed in report.columns:
        drift = replace(
            condensed, error=tolerances[condensed.column].of(condensed.score)
        )
        if drift.undecided:
            exact.append(drift.column)
            drift = _on_all_rows(
                reference,
                current,
                by_field[drift.column],
                config,
            )
        final.append(drift)
    note = _note(
        final,
        exact,
        config.sample.rows,
        len(reference),
        len(current),
    )
    return replace(
        report,
        columns=tuple(final),
        exact_columns=tuple(exact),
        note=note,
    )


def _note(
    columns: Sequence[ColumnDrift],
    exact: Sequence[str],
    sample: int,
    reference_rows: int,
    current_rows: int,
) -> str:
    """Return what the head of the page says about the scores; nothing where they come from all rows."""
    if max(reference_rows, current_rows) <= sample:
        return ""
    error = max((column.error for column in columns), default=0.0)
    compared_again = ", ".join(
        _score_in_words(column) for column in columns if column.column in exact
    )
    return (
        f"Scores and pictures: {sample:,} values per column and side at most, standing for {reference_rows:,} "
        f"reference and {current_rows:,} current rows; no score is off by more than {error:.4f}. Too near their "
        f"threshold for that and therefore judged on all rows: {compared_again or 'none'}."
    )


def _score_in_words(column: ColumnDrift) -> str:
    text = f"{column.column} {column.score:.4f}"
    return f"{text} (drift)" if column.drifted else text


def _on_all_rows(
    reference: Leads, current: Leads, column: Column, config: DriftConfig
) -> ColumnDrift:
    """Return the drift of one column by all of its rows."""
    comparison = compare_frames(
        reference,
        current,
        [column],
        config.missing,
    )
    (drift,) = detect_drift(comparison, config).columns
    return drift
