"""How good are the deployed models on a real file? The protocol of the profile: 5 x 3 stratified folds, threshold 0.5.

`python -m bench.quality --leads Leads.csv --json`: for every scoring stage the training's own search (five families,
grids of search.yaml, folds grouped by identical rows) picks a recipe on the training side, as `train_models` would;
the recipe, its preprocessing and its calibration are then fitted anew inside each of the 15 folds. With --nested the
search, too, is run inside every fold, on its training part: slower, and free of any glimpse at the leads to judge.
"""

import argparse
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.model_selection import RepeatedStratifiedKFold

from bench._table import last_line, show
from bench._training import add_leads_argument, read_leads
from include.contract import Contract, KnownAt, decisions_of, load_contract
from include.contract.model import SCORING_STAGES
from include.evaluation.calibration_error import ece
from include.evaluation.evaluate import evaluate_classification_model
from include.settings import settings
from include.training.choice import choose
from include.training.data.dataset import Dataset, make_dataset
from include.training.families import FAMILIES
from include.training.fit import fit_family, refit
from include.training.recipe import Recipe, from_dict, to_dict

FOLDS, REPEATS, SEED, THRESHOLD = 5, 3, 0, 0.5
FIGURES = (
    "accuracy",
    "precision",
    "recall",
    "f1",
    "roc_auc",
    "pr_auc",
    "brier",
    "ece",
    "ece_fold_mean",
    "ece_fold_floor",
)
DRAWS = 20


def pick(data: Dataset, contract: Contract, stage: KnownAt) -> Recipe:
    """The recipe that a training on `data` would register."""
    fits = [
        fit_family(
            decisions_of(settings(), contract), contract, family, data, stage
        )
        for family in FAMILIES
    ]
    results = [{"metrics": one.metrics, **to_dict(one.recipe)} for one in fits]
    decisions = decisions_of(settings(), contract)
    choice = choose(results, decisions.primary_metric, decisions.split)
    return from_dict(choice.winner)


def quality(
    leads: pd.DataFrame, contract: Contract, stage: KnownAt, nested: bool
) -> tuple[dict[str, float], Counter[str]]:
    """Mean figures over the folds and how often a recipe was taken.

    `ece` is that of all leads of a repeat, each scored once by a model that had not seen it; `ece_fold_mean` is that of
    the folds, whose 185 leads a bin show an error of about 0.02 even where calibration is perfect (docs/models.md), and
    `ece_fold_floor` is what outcomes drawn from the model's own probabilities give in the same folds.
    """
    data = make_dataset(leads, contract, stage, {})
    recipe = None if nested else pick(data, contract, stage)
    target, taken, figures, pooled = (
        data.target.to_numpy(),
        Counter[str](),
        [],
        [],
    )
    chance = np.random.default_rng(SEED)
    unseen = np.empty(len(target))
    splitter = RepeatedStratifiedKFold(
        n_splits=FOLDS, n_repeats=REPEATS, random_state=SEED
    )
    for number, (train, test) in enumerate(splitter.split(data.frame, target)):
        chosen = pd.Series(False, index=data.frame.index)
        chosen.iloc[train] = True
        used = recipe or pick(
            make_dataset(data.frame[chosen], contract, stage, {}),
            contract,
            stage,
        )
        taken[
            f"{used.family} {dict(used.params)} calibration {used.calibration}"
        ] += 1
        model = refit(
            decisions_of(settings(), contract),
            contract,
            used,
            data,
            chosen,
            stage,
        )
        unseen[test] = model.predict_proba(data.frame.iloc[test])[:, 1]
        judged = evaluate_classification_model(
            target[test], unseen[test], THRESHOLD
        )
        drawn = [
            ece(chance.random(len(test)) < unseen[test], unseen[test])
            for _ in range(DRAWS)
        ]
        figures.append(
            {
                **judged,
                "ece_fold_mean": ece(target[test], unseen[test]),
                "ece_fold_floor": np.mean(drawn),
            }
        )
        if number % FOLDS == FOLDS - 1:
            pooled.append(ece(target, unseen))
    means = pd.DataFrame(figures).mean()
    return {"ece": float(np.mean(pooled)), **means.to_dict()}, taken


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_leads_argument(parser)
    parser.add_argument(
        "--nested", action="store_true", help="search inside every fold"
    )
    parser.add_argument(
        "--stages",
        nargs="+",
        default=[str(stage) for stage in SCORING_STAGES][::-1],
        metavar="STAGE",
    )
    parser.add_argument(
        "--json",
        action="store_true",
        help="end with one JSON object on the last line",
    )
    arguments = parser.parse_args()
    contract = load_contract(settings().contract)
    leads = read_leads(Path(arguments.leads), contract)
    result: dict[str, dict[str, float]] = {}
    for stage in arguments.stages:
        figures, taken = quality(
            leads, contract, KnownAt(stage), arguments.nested
        )
        result[stage] = {
            name: round(value, 4) for name, value in figures.items()
        }
        for recipe, times in taken.most_common():
            print(f"{stage}: {recipe} ({times} folds)", flush=True)
    rows = [
        [stage, *(figures[name] for name in FIGURES)]
        for stage, figures in result.items()
    ]
    show("Mean over 15 folds", ("stage", *FIGURES), rows)
    last_line(result, arguments.json)


if __name__ == "__main__":
    main()
