"""Make the tables of an exploratory data analysis (guide 11) from leads and their contract."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from include.contract import Column, Contract, KnownAt
from include.features.cleaning import TypedColumns
from include.features.columns import feature_columns
from include.reporting.eda_levels import auc_alone, level_rates, levels_of
from include.training.errors import NotEnoughRowsError

MIN_LEADS = 30
QUANTILES = {
    "5 %": 0.05,
    "25 %": 0.25,
    "median": 0.5,
    "75 %": 0.75,
    "95 %": 0.95,
    "99 %": 0.99,
}


@dataclass(frozen=True)
class Profile:
    """Describe a set of leads.

    Attributes:
        rows: leads.
        labelled: leads whose outcome is known; every rate below is over them.
        converted: leads with outcome 1.
        twins: labelled leads whose features all equal those of another one.
        columns: one row per contract column: use, missing share, levels, most frequent level.
        numbers: one row per numeric feature: moments, quantiles, zeros, outliers.
        levels: one row per feature and level (of a number: range): leads, conversion rate and its 95 % interval.
        indicators: one row per feature: ROC-AUC of its levels' conversion rates alone, strongest first.
        correlations: Pearson, features that are numbers and the label, square.
        typed: the features as a model reads them, index as in the leads.
        outcome: 0 or 1 per labelled lead.
    """

    rows: int
    labelled: int
    converted: int
    twins: int
    columns: pd.DataFrame
    numbers: pd.DataFrame
    levels: pd.DataFrame
    indicators: pd.DataFrame
    correlations: pd.DataFrame
    typed: pd.DataFrame
    outcome: pd.Series

    @property
    def rate(self) -> float:
        """Return the share of the labelled leads that converted; NaN without any."""
        if not self.labelled:
            return float("nan")
        return self.converted / self.labelled

    def top_levels(self, shown: int = 15) -> pd.DataFrame:
        """Return the levels of at least 30 leads whose rate is farthest from that of all, farthest first.

        The distance is counted in standard errors.
        """
        table = self.levels[self.levels["leads"] >= MIN_LEADS]
        error = np.sqrt(self.rate * (1 - self.rate) / table["leads"])
        distance = ((table["rate"] - self.rate) / error).abs()
        farthest = distance.sort_values(ascending=False, kind="stable").index[
            :shown
        ]
        levels: pd.DataFrame = table.loc[farthest]
        return levels


def profile(leads: pd.DataFrame, contract: Contract) -> Profile:
    """Return the profile of leads with field names as columns, raw or as a snapshot holds them.

    Raises:
        NotEnoughRowsError: there are no leads.
    """
    if leads.empty:
        raise NotEnoughRowsError(
            "no leads to describe; ingest some and take a new snapshot"
        )
    frame = leads.reindex(columns=list(contract.fields)).reset_index(drop=True)
    cleaner = TypedColumns(
        feature_columns(contract, KnownAt.CONTACT), contract.null_tokens
    )
    typed = cleaner.transform(frame)
    outcome = (
        pd.to_numeric(frame[contract.label], errors="coerce")
        .dropna()
        .astype(int)
    )
    labelled = typed.loc[outcome.index]
    levels = {
        str(field): levels_of(labelled[field], contract.column(str(field)))
        for field in labelled
    }
    twins = labelled.duplicated(keep=False).sum()
    return Profile(
        rows=len(frame),
        labelled=len(outcome),
        converted=int(outcome.sum()),
        twins=int(twins),
        columns=_columns(frame, outcome, contract),
        numbers=_numbers(typed, contract),
        levels=level_rates(levels, outcome),
        indicators=_indicators(levels, outcome, contract),
        correlations=_correlations(labelled, outcome, contract),
        typed=typed,
        outcome=outcome,
    )


def missing_cells(frame: pd.DataFrame, contract: Contract) -> pd.DataFrame:
    """Return whether each cell is missing: empty, or one of the contract's null tokens."""
    stripped = _stripped(frame)
    cells = frame.astype(object).where(frame.isna(), stripped)
    return cells.isna() | cells.isin(contract.null_tokens)


def count_tokens(frame: pd.DataFrame, contract: Contract) -> pd.DataFrame:
    """Count the cells that hold each null token, shape (columns, tokens); the empty cell is the token `(empty)`."""
    cells = _stripped(frame.fillna(""))
    counts = {}
    for token in contract.null_tokens:
        counts[token or "(empty)"] = (cells == token).sum()
    return pd.DataFrame(counts)


def _stripped(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the cells as text without spaces around it."""
    texts: pd.DataFrame = frame.astype(str).apply(
        lambda column: column.str.strip()
    )
    return texts


def _columns(
    frame: pd.DataFrame, outcome: pd.Series, contract: Contract
) -> pd.DataFrame:
    """Return one row per column of the contract."""
    missing = missing_cells(frame, contract)
    rows = []
    for column in contract.columns:
        cells = frame[column.field]
        row = _column(
            cells,
            missing[column.field],
            outcome,
            column,
            _use(contract, column),
        )
        rows.append(row)
    return pd.DataFrame(rows)


def _column(
    cells: pd.Series,
    missing: pd.Series,
    outcome: pd.Series,
    column: Column,
    use: str,
) -> dict[str, object]:
    """Describe a column: its missing share, its levels, and the conversion rate with and without a value.

    Args:
        cells: of the column, as text.
        missing: whether each cell is missing.
        outcome: 0 or 1 per labelled lead.
        column: of the contract.
        use: what the column is used for.
    """
    counts = cells[~missing].astype(str).str.strip().value_counts()
    most_frequent = ""
    share = 0.0
    if len(counts):
        most_frequent = str(counts.index[0])
        share = float(counts.iloc[0] / len(cells))
    missing_labelled = missing.loc[outcome.index]
    return {
        "field": column.field,
        "type": column.type,
        "known at": str(column.known_at),
        "use": use,
        "missing": float(missing.mean()),
        "levels": len(counts),
        "most frequent": most_frequent,
        "its share": share,
        "rate if missing": float(outcome[missing_labelled].mean()),
        "rate if present": float(outcome[~missing_labelled].mean()),
    }


def _use(contract: Contract, column: Column) -> str:
    """Say what a column is used for."""
    for role in ("key", "label", "clock"):
        if getattr(contract, role) == column.field:
            return role
    if column.near_constant:
        return "near-constant"
    if column.type == "string":
        return "text"
    return "feature"


def _numbers(typed: pd.DataFrame, contract: Contract) -> pd.DataFrame:
    """Return one row per numeric feature."""
    rows = []
    for field in typed:
        if contract.column(str(field)).numeric:
            rows.append({"field": str(field), **_number(typed[field].dropna())})
    return pd.DataFrame(rows)


def _number(values: pd.Series) -> dict[str, float]:
    """Describe a number: moments, quantiles, and the shares of zeros and outliers (1.5 interquartile ranges)."""
    low_quartile = values.quantile(0.25)
    high_quartile = values.quantile(0.75)
    reach = 1.5 * (high_quartile - low_quartile)
    outliers = (values < low_quartile - reach) | (
        values > high_quartile + reach
    )
    quantiles = {
        name: float(values.quantile(share)) for name, share in QUANTILES.items()
    }
    return {
        "leads": len(values),
        "mean": float(values.mean()),
        "std": float(values.std()),
        "min": float(values.min()),
        **quantiles,
        "max": float(values.max()),
        "skew": float(np.asarray(values.skew())),
        "zeros": float((values == 0).mean()),
        "outliers": float(outliers.mean()),
    }


def _correlations(
    labelled: pd.DataFrame, outcome: pd.Series, contract: Contract
) -> pd.DataFrame:
    """Return Pearson's correlations of the numbers and the label; constant columns are left out."""
    numbers = labelled.select_dtypes("number").assign(
        **{contract.label: outcome}
    )
    table = numbers.corr(min_periods=MIN_LEADS)
    constant = table.columns[table.isna().all()]
    return table.drop(index=constant, columns=constant)


def _indicators(
    levels: dict[str, pd.Series], outcome: pd.Series, contract: Contract
) -> pd.DataFrame:
    """Return how well each feature ranks leads alone, strongest first."""
    rows = []
    for field, strength in auc_alone(levels, outcome).items():
        known_at = str(contract.column(field).known_at)
        rows.append(
            {"field": field, "known at": known_at, "AUC alone": strength}
        )
    table = pd.DataFrame(rows, columns=["field", "known at", "AUC alone"])
    return table.sort_values(
        "AUC alone", ascending=False, kind="stable", ignore_index=True
    )
