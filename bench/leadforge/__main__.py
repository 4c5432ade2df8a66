"""How good is a model on leads of leadforge (PyPI, MIT), beside the baseline that leadforge publishes?

`python -m bench.leadforge --json` draws the tier `intermediate` with the published seeds, 5,000 leads each, and writes
them as the files of eight systems. A logistic regression of the leads on day 30 is judged on leadforge's own split.
leadforge's published baseline keeps the planted leak `total_touches_all`, which counts the touches of all 90 days
(its notebook 01 says so); `without_leak` is the same code on the other columns. Medians over the seeds.

- `published`, `without_leak`, `model`: ROC-AUC on the 750 test leads.
- `mixed_accounts`, `whole_accounts`: of the model on all leads in five folds; leads of one account in several folds, or
  in one.
"""

import argparse
from dataclasses import asdict

import pandas as pd

from bench._table import last_line, show
from bench.leadforge.quality import compare

SEEDS = (42, 43, 44, 45, 46)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.leadforge",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    parser.add_argument(
        "--json",
        action="store_true",
        help="print the figures as JSON on the last line",
    )
    options = parser.parse_args()
    figures = pd.DataFrame(
        [asdict(compare(seed)) for seed in options.seeds], index=options.seeds
    )
    rows = [[seed, *values] for seed, *values in figures.itertuples()]
    show("ROC-AUC", ["seed", *figures.columns], rows)
    last_line(figures.median().round(4).to_dict(), options.json)


if __name__ == "__main__":
    main()
