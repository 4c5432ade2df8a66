"""Judge a model of the project on leadforge's split of the leads, beside leadforge's own baseline."""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd

from bench.leadforge.tables import (
    ACCOUNTS,
    CONTACTS,
    LEADS,
    Drawn,
    draw,
    leadforge_contract,
    write_sources,
)
from include.contract import Contract, KnownAt, decisions_of
from include.evaluation.intervals import ranking
from include.settings import settings
from include.training.data.dataset import Dataset, make_dataset
from include.training.fit import fit_family, refit
from include.training.recipe import Recipe
from onboarding.source_leads import load_folder

FAMILY = "logistic_regression"
"""That of leadforge's better baseline."""
STAGE = KnownAt.CONTACT
LEAK = "total_touches_all"
TASK = "tasks/converted_within_90_days"
FOLDS = 5


@dataclass(frozen=True)
class Comparison:
    """ROC-AUC of one drawing.

    Attributes:
        published: of leadforge's baseline as it is published, which keeps the planted leak, on its 750 test leads.
        without_leak: of the same baseline without the leak.
        model: of the project's model, learnt from the same leads, judged on the same.
        mixed_accounts: of the project's model in five folds of all leads.
        whole_accounts: the same, the leads of an account in one fold.
    """

    published: float
    without_leak: float
    model: float
    mixed_accounts: float
    whole_accounts: float


def compare(seed: int) -> Comparison:
    """Draw as many leads as leadforge publishes, and compare both models on them."""
    drawn = draw(LEADS, seed, n_accounts=ACCOUNTS, n_contacts=CONTACTS)
    contract = leadforge_contract()
    with TemporaryDirectory() as name:
        folder = Path(name)
        drawn.bundle.save(str(folder / "bundle"))
        learnt = pd.read_parquet(folder / "bundle" / TASK / "train.parquet")
        judged = pd.read_parquet(folder / "bundle" / TASK / "test.parquet")
        leads = put_together(contract, drawn, folder / "raw")
    mixed, whole = _in_folds(contract, leads)
    return Comparison(
        published=_baseline(learnt, judged),
        without_leak=_baseline(
            learnt.drop(columns=LEAK), judged.drop(columns=LEAK)
        ),
        model=_model(
            contract,
            leads[leads["lead_id"].isin(learnt["lead_id"])],
            leads[leads["lead_id"].isin(judged["lead_id"])],
        ),
        mixed_accounts=mixed,
        whole_accounts=whole,
    )


def put_together(
    contract: Contract, drawn: Drawn, folder: Path
) -> pd.DataFrame:
    """Return the leads of a drawing as a load of its files puts them together."""
    write_sources(folder, drawn.tables, drawn)
    return load_folder(contract, folder).frame


def _baseline(learnt: pd.DataFrame, judged: pd.DataFrame) -> float:
    """Return the ROC-AUC of leadforge's logistic regression, by its own code."""
    from leadforge.validation import release_quality

    label = release_quality.LABEL_COLUMN
    texts, numbers = release_quality._partition_columns(learnt, exclude={label})
    columns = [*texts, *numbers]
    pipeline = release_quality._build_pipeline(
        numbers,
        texts,
        model="lr",
        seed=release_quality.DEFAULT_MODEL_RANDOM_STATE,
        sk=release_quality._import_sklearn(),
    )
    clean = release_quality._sanitize_categoricals
    pipeline.fit(clean(learnt[columns], texts), learnt[label].astype(int))
    probabilities = pipeline.predict_proba(clean(judged[columns], texts))[:, 1]
    return ranking(judged[label].astype(int).to_numpy(), probabilities).roc_auc


def _model(
    contract: Contract, learnt: pd.DataFrame, judged: pd.DataFrame
) -> float:
    """Return the ROC-AUC of the project's model of the same family."""
    data, recipe = _searched(contract, learnt)
    everything = pd.Series(True, index=data.target.index)
    decisions = decisions_of(settings(), contract)
    model = refit(decisions, contract, recipe, data, everything, STAGE)
    outcome = judged[contract.label].astype(int).to_numpy()
    return ranking(outcome, model.predict_proba(judged)[:, 1]).roc_auc


def _searched(
    contract: Contract, leads: pd.DataFrame
) -> tuple[Dataset, Recipe]:
    data = make_dataset(leads, contract, STAGE, {})
    decisions = decisions_of(settings(), contract)
    return data, fit_family(decisions, contract, FAMILY, data, STAGE).recipe


def _in_folds(contract: Contract, leads: pd.DataFrame) -> tuple[float, float]:
    """Return the ROC-AUC on leads not learnt from: in folds of leads, and in folds of whole accounts."""
    data, recipe = _searched(contract, leads)
    random = np.random.default_rng(0)
    rows = len(data.target)
    folds = pd.Series(random.integers(0, FOLDS, rows), index=data.target.index)
    numbers, accounts = pd.factorize(data.frame["account_id"])
    fold_of_account = random.integers(0, FOLDS, len(accounts) + 1)
    of_accounts = pd.Series(fold_of_account[numbers], index=data.target.index)
    return (
        _over_folds(contract, data, recipe, folds),
        _over_folds(contract, data, recipe, of_accounts),
    )


def _over_folds(
    contract: Contract, data: Dataset, recipe: Recipe, folds: Any
) -> float:
    decisions = decisions_of(settings(), contract)
    probabilities = np.empty(len(data.target))
    for fold in range(FOLDS):
        judged = folds == fold
        model = refit(decisions, contract, recipe, data, ~judged, STAGE)
        rows = data.frame[judged]
        probabilities[judged.to_numpy()] = model.predict_proba(rows)[:, 1]
    return ranking(data.target.to_numpy(), probabilities).roc_auc
