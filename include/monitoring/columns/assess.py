"""Compare two sets of leads column by column: drift, outages, missing shares and new levels."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from include.contract import Column, Contract
from include.monitoring.columns.config import DriftConfig, drift_config
from include.monitoring.columns.drift import (
    ColumnDrift,
    DriftReport,
    detect_drift,
)
from include.monitoring.columns.frames import (
    Leads,
    Sides,
    columns_of_both,
    comparable_columns,
    each_column,
    side_by_side,
    sides_of,
    varies_together,
)
from include.monitoring.columns.history import Order, arrival_order
from include.monitoring.columns.levels import levels_of_numbers
from include.monitoring.columns.outage import (
    Outage,
    absent_columns,
    broken,
    find_outages,
    new_levels,
)
from include.monitoring.columns.pairs import Pair, prepare_pair
from include.monitoring.columns.spelling import (
    Spelling,
    Vocabulary,
    null_words,
)
from include.monitoring.columns.tally import Tally
from include.monitoring.errors import NothingToCompareError

SEED = 0


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
        spelling: levels that are only written differently, for each column that has some; everything else was found
            with each of them taken for the level that it stands for.
        vocabularies: what any other text stands for, per column of levels.
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
    spelling: dict[str, tuple[Spelling, ...]] = field(default_factory=dict)
    vocabularies: dict[str, Vocabulary] = field(
        default_factory=dict, repr=False, compare=False
    )

    @property
    def drifted(self) -> bool:
        """Whether so many columns drifted that the data as a whole has."""
        return self.report.drifted_share >= self.share_threshold

    def folded(self, leads: pd.DataFrame) -> pd.DataFrame:
        """Return leads in which every level that is only written differently is the one that it stands for."""
        columns = {
            field: vocabulary.fold(leads[field])
            for field, vocabulary in self.vocabularies.items()
            if field in leads.columns
        }
        return leads.assign(**columns)


@dataclass(frozen=True)
class _Examined:
    """One column: what all of its rows say, and the values that Evidently is given."""

    column: Column
    missing_reference: float
    missing_current: float
    outage: Outage | None
    new_levels: dict[str, int]
    pair: Pair

    @property
    def field(self) -> str:
        """The column's field."""
        return self.column.field


@dataclass(frozen=True)
class _Findings:
    """What all rows say: of the columns that vary, and how the levels of any column are written."""

    examined: tuple[_Examined, ...]
    spelling: dict[str, tuple[Spelling, ...]]
    vocabularies: dict[str, Vocabulary]


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

    A level that is only written differently, and a word for an empty cell, is counted under `spelling` and is taken for
    what it stands for in everything else (`include.monitoring.columns.spelling`).

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
    findings = _examine_all(
        reference, current, columns, config, missing_jump, contract
    )
    examined = findings.examined
    broken_columns = tuple(
        column.outage for column in examined if column.outage
    )
    return Analysis(
        report=_scores(
            reference,
            current,
            examined,
            config,
            share_threshold,
            contract,
        ),
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
        spelling=findings.spelling,
        vocabularies=findings.vocabularies,
    )


def outages_of(
    reference: Leads, current: Leads, contract: Contract, missing_jump: float
) -> tuple[Outage, ...]:
    """Return the outages that `compare_leads` finds, without looking for drift. Args and errors as there."""
    monitored = comparable_columns(contract)
    columns = columns_of_both(reference, current, monitored)
    return find_outages(
        reference,
        current,
        columns,
        missing_jump,
        contract.clock,
        contract.null_tokens,
    ) + absent_columns(reference, current, monitored)


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
    contract: Contract,
) -> _Findings:
    """Return what all rows say of each column that holds more than one value on both sides together."""
    random = np.random.default_rng(SEED)
    order = arrival_order(reference, contract.clock)
    words = null_words(contract.null_tokens)
    examined: list[_Examined] = []
    spelling: dict[str, tuple[Spelling, ...]] = {}
    vocabularies: dict[str, Vocabulary] = {}
    for column, sides in each_column(reference, current, columns, words):
        if sides.spelling:
            spelling[column.field] = sides.spelling
        if sides.vocabulary:
            vocabularies[column.field] = sides.vocabulary
        if varies_together(sides):
            examined.append(
                _examine(
                    sides,
                    column,
                    config,
                    missing_jump,
                    random,
                    order,
                )
            )
    return _Findings(tuple(examined), spelling, vocabularies)


def _examine(
    sides: Sides,
    column: Column,
    config: DriftConfig,
    missing_jump: float,
    random: np.random.Generator,
    order: Order,
) -> _Examined:
    """Return what all rows of a column say, and the values of both sides that Evidently is given."""
    before = sides.before
    after = sides.after
    return _Examined(
        column,
        before.missing_share,
        after.missing_share,
        broken(before, after, column, missing_jump, order),
        _new_values(before, after, column),
        prepare_pair(before, after, column, config, random),
    )


def _new_values(before: Tally, after: Tally, column: Column) -> dict[str, int]:
    """Return the rows per level that the reference does not know; of numbers, those beside a constant one."""
    if not column.numeric:
        return new_levels(before.counts, after.counts)
    if before.varies:
        return {}
    levels = Tally(levels_of_numbers(after.values, before))
    constant = Tally(levels_of_numbers(before.values, before))
    return new_levels(constant.counts, levels.counts)


def _scores(
    reference: Leads,
    current: Leads,
    examined: Sequence[_Examined],
    config: DriftConfig,
    share_threshold: float,
    contract: Contract,
) -> DriftReport:
    """Return Evidently's report, with the columns that it leaves undecided compared again on all rows."""
    pairs = {column.field: column.pair for column in examined}
    by_field = {column.field: column.column for column in examined}
    report = detect_drift(side_by_side(pairs), config, share_threshold)
    final: list[ColumnDrift] = []
    exact: list[str] = []
    for condensed in report.columns:
        drift = replace(
            condensed,
            error=pairs[condensed.column].tolerance.of(condensed.score),
        )
        if drift.undecided:
            exact.append(drift.column)
            drift = _on_all_rows(
                reference,
                current,
                by_field[drift.column],
                config,
                null_words(contract.null_tokens),
            )
        is_seasonal = by_field[drift.column].seasonal
        final.append(replace(drift, seasonal=is_seasonal))
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
    """Return what the head of the page says about the scores; nothing where all come from all rows and count."""
    calendar = _calendar(columns)
    if max(reference_rows, current_rows) <= sample:
        return calendar
    error = max((column.error for column in columns), default=0.0)
    compared_again = ", ".join(
        _score_in_words(column) for column in columns if column.column in exact
    )
    of_values = (
        f"Scores and pictures: {sample:,} values per column and side at most, standing for {reference_rows:,} "
        f"reference and {current_rows:,} current rows; no score is off by more than {error:.4f}. Too near their "
        f"threshold for that and therefore judged on all rows: {compared_again or 'none'}."
    )
    return f"{of_values} {calendar}".rstrip()


def _calendar(columns: Sequence[ColumnDrift]) -> str:
    """Return which columns Evidently counts and the verdict does not; nothing where there are none."""
    seasonal = [column.column for column in columns if column.seasonal]
    if not seasonal:
        return ""
    return f"Not counted in the verdict, because they move by the calendar: {', '.join(seasonal)}."


def _score_in_words(column: ColumnDrift) -> str:
    text = f"{column.column} {column.score:.4f}"
    return f"{text} (drift)" if column.drifted else text


def _on_all_rows(
    reference: Leads,
    current: Leads,
    column: Column,
    config: DriftConfig,
    words: frozenset[str],
) -> ColumnDrift:
    """Return the drift of one column by all of its rows."""
    sides = sides_of(
        reference[column.field], current[column.field], column, words
    )
    pair = prepare_pair(sides.before, sides.after, column, config)
    (drift,) = detect_drift(side_by_side({column.field: pair}), config).columns
    return drift
