"""Are the synthetic leads good enough to train on? A model trained on them is tested on real leads.

`python -m bench.synthetic --leads Leads.csv --json`: five folds of the real file; each fold is scored by the project's
own contact pipeline, once trained on the other four folds, once on as many synthetic leads. The share of lift is
(AUC on synthetic − 0.5) / (AUC on real − 0.5).
"""

import argparse
import os
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold

from bench._table import last_line, show
from demo.leads.synthetic import synthetic_leads
from include.contract import Contract, KnownAt, decisions_of, load_contract
from include.settings import settings
from include.training.data.splits import feature_groups
from include.training.pipeline import build_pipeline

FAMILY, STAGE, FOLDS, SEED = "lightgbm", KnownAt.CONTACT, 5, 0
DEFAULT = Path("../shared/data/Leads.csv")


def typed(leads: pd.DataFrame, contract: Contract) -> pd.DataFrame:
    """Business headers and text cells to contract fields, missing cells and numbers."""
    frame = leads.rename(
        columns={column.name: column.field for column in contract.columns}
    )
    frame = frame[list(contract.fields)].replace(
        {token: None for token in ("", *contract.null_tokens)}
    )
    for column in contract.columns:
        if column.numeric:
            frame[column.field] = pd.to_numeric(frame[column.field])
    return frame


def fold_scores(
    real: pd.DataFrame, synthetic: pd.DataFrame, contract: Contract
) -> np.ndarray:
    """ROC-AUC per fold of the real leads: (folds, 2), trained on real and on synthetic leads."""
    target = real[contract.label].astype(int)
    made = synthetic.sample(len(real) * (FOLDS - 1) // FOLDS, random_state=SEED)
    from_synthetic = build_pipeline(
        decisions_of(settings(), contract), contract, FAMILY, STAGE
    ).fit(made, made[contract.label].astype(int))
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=SEED)
    scores = []
    for train, test in folds.split(
        real, target, feature_groups(real, contract, STAGE)
    ):
        from_real = build_pipeline(
            decisions_of(settings(), contract), contract, FAMILY, STAGE
        ).fit(real.iloc[train], target.iloc[train])
        models = (from_real, from_synthetic)
        scores.append(
            [
                roc_auc_score(
                    target.iloc[test],
                    model.predict_proba(real.iloc[test])[:, 1],
                )
                for model in models
            ]
        )
    return np.array(scores)


def main() -> None:
    """The command line; without a real file there is nothing to compare with, which is said and is no failure."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--leads", type=Path, default=Path(os.environ.get("LEADS_CSV", DEFAULT))
    )
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    if not arguments.leads.exists():
        print(
            f"no real leads at {arguments.leads}: name the file with --leads or LEADS_CSV"
        )
        return last_line({"skipped": "no real leads"}, arguments.json)
    contract = load_contract(settings().contract)
    real = typed(
        pd.read_csv(arguments.leads, dtype=str, keep_default_na=False), contract
    )
    scores = fold_scores(
        real, typed(synthetic_leads(len(real)), contract), contract
    )
    lift = scores.mean(axis=0) - 0.5
    share = float(lift[1] / lift[0])
    rows = [
        [f"fold {number + 1}", float(a), float(b)]
        for number, (a, b) in enumerate(scores)
    ]
    rows.append(
        ["mean", float(scores[:, 0].mean()), float(scores[:, 1].mean())]
    )
    show(
        "ROC-AUC on real leads",
        ("", "trained on real", "trained on synthetic"),
        rows,
    )
    print(f"share of lift: {share:.3f} (at least 0.90 is wanted)")
    result = {
        "auc_real": float(lift[0] + 0.5),
        "auc_synthetic": float(lift[1] + 0.5),
        "share_of_lift": share,
    }
    return last_line(
        {name: round(value, 4) for name, value in result.items()},
        arguments.json,
    )


if __name__ == "__main__":
    main()
