"""Tables of an exploratory data analysis (guide 11): pure functions from leads and their contract."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from include.contract import Column, Contract, KnownAt
from include.features.cleaning import TypedColumns
from include.features.columns import feature_columns
from include.reporting.eda_levels import auc_alone, level_rates, levels_of
from include.training.errors import NotEnoughRowsError

MIN_LEADS = 30
QUANTILES = {"5 %": 0.05, "25 %": 0.25, "median": 0.5, "75 %": 0.75, "95 %": 0.95, "99 %": 0.99}


@dataclass(frozen=True)
class Profile:
    """What a set of leads looks like.

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
        """Share of the labelled leads that converted; NaN without any."""
        return self.converted / self.labelled if self.labelled else float("nan")

    def top_levels(self, shown: int = 15) -> pd.DataFrame:
        """Levels of at least 30 leads whose rate is farthest from that of all, in standard errors, farthest first."""
        table = self.levels[self.levels["leads"] >= MIN_LEADS]
        error = np.sqrt(self.rate * (1 - self.rate) / table["leads"])
        distance = ((table["rate"] - self.rate) / error).abs()
        farthest: pd.DataFrame = table.loc[distance.sort_values(ascending=False, kind="stable").index[:shown]]
        return farthest


def profile(leads: pd.DataFrame, contract: Contract) -> Profile:
    """The profile of leads given by field names, raw or as a snapshot holds them.

    Raises:
        NotEnoughRowsError: there are no leads.
    """
    if leads.empty:
        raise NotEnoughRowsError("no leads to describe; ingest some and take a new snapshot")
    frame = leads.reindex(columns=list(contract.fields)).reset_index(drop=True)
    typed = TypedColumns(feature_columns(contract, KnownAt.CONTACT), contract.null_tokens).transform(frame)
    outcome = pd.to_numeric(frame[contract.label], errors="coerce").dropna().astype(int)
    known = typed.loc[outcome.index]
    levels = {str(field): levels_of(known[field], contract.column(str(field))) for field in known}
    return Profile(
        rows=len(frame),
        labelled=len(outcome),
        converted=int(outcome.sum()),
        twins=int(known.duplicated(keep=False).sum()),
        columns=_columns(frame, outcome, contract),
        numbers=_numbers(typed, contract),
        levels=level_rates(levels, outcome),
        indicators=_indicators(levels, outcome, contract),
        correlations=_correlations(known, outcome, contract),
        typed=typed,
        outcome=outcome,
    )


def missing_cells(frame: pd.DataFrame, contract: Contract) -> pd.DataFrame:
    """Whether each cell is missing: empty, or one of the contract's null tokens."""
    text = frame.astype(object).where(frame.isna(), frame.astype(str).apply(lambda column: column.str.strip()))
    return text.isna() | text.isin(contract.null_tokens)


def count_tokens(frame: pd.DataFrame, contract: Contract) -> pd.DataFrame:
    """How many cells hold each null token, shape (columns, tokens); the empty cell is the token `(empty)`."""
    text = frame.fillna("").astype(str).apply(lambda column: column.str.strip())
    return pd.DataFrame({token or "(empty)": (text == token).sum() for token in contract.null_tokens})


def _columns(frame: pd.DataFrame, outcome: pd.Series, contract: Contract) -> pd.DataFrame:
    absent = missing_cells(frame, contract)
    return pd.DataFrame([_column(frame, absent, outcome, contract, column) for column in contract.columns])


def _column(
    frame: pd.DataFrame, absent: pd.DataFrame, outcome: pd.Series, contract: Contract, column: Column
) -> dict[str, object]:
    missing = absent[column.field]
    counts = frame.loc[~missing, column.field].astype(str).str.strip().value_counts()
    gone = missing.loc[outcome.index]
    return {
        "field": column.field,
        "type": column.type,
        "known at": str(column.known_at),
        "use": _use(contract, column),
        "missing": float(missing.mean()),
        "levels": len(counts),
        "most frequent": str(counts.index[0]) if len(counts) else "",
        "its share": float(counts.iloc[0] / len(frame)) if len(counts) else 0.0,
        "rate if missing": float(outcome[gone].mean()),
        "rate if present": float(outcome[~gone].mean()),
    }


def _use(contract: Contract, column: Column) -> str:
    for role in ("key", "label", "clock"):
        if getattr(contract, role) == column.field:
            return role
    return "near-constant" if column.near_constant else "feature" if column.type != "string" else "text"


def _numbers(typed: pd.DataFrame, contract: Contract) -> pd.DataFrame:
    fields = [str(field) for field in typed if contract.column(str(field)).numeric]
    return pd.DataFrame([{"field": field, **_number(typed[field].dropna())} for field in fields])


def _number(values: pd.Series) -> dict[str, float]:
    quarter, three = values.quantile(0.25), values.quantile(0.75)
    reach = 1.5 * (three - quarter)
    return {
        "leads": len(values),
        "mean": float(values.mean()),
        "std": float(values.std()),
        "min": float(values.min()),
        **{name: float(values.quantile(share)) for name, share in QUANTILES.items()},
        "max": float(values.max()),
        "skew": float(np.asarray(values.skew())),
        "zeros": float((values == 0).mean()),
        "outliers": float(((values < quarter - reach) | (values > three + reach)).mean()),
    }


def _correlations(known: pd.DataFrame, outcome: pd.Series, contract: Contract) -> pd.DataFrame:
    numbers = known.select_dtypes("number").assign(**{contract.label: outcome})
    table = numbers.corr(min_periods=MIN_LEADS)
    constant = table.columns[table.isna().all()]
    return table.drop(index=constant, columns=constant)


def _indicators(levels: dict[str, pd.Series], outcome: pd.Series, contract: Contract) -> pd.DataFrame:
    strength = auc_alone(levels, outcome)
    table = pd.DataFrame(
        {"field": field, "known at": str(contract.column(field).known_at), "AUC alone": strength[field]}
        for field in levels
    )
    return table.sort_values("AUC alone", ascending=False, kind="stable", ignore_index=True)
