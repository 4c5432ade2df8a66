"""Do the decisions hold on any data?

`python -m bench.decisions --json` measures every part, two at a time. `--only NAME` measures one, `--quick` takes fewer
repeats. A part that needs a file which is not at hand leaves its figures out.
"""

import argparse
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

from bench._table import last_line, show
from bench.decisions.parts import MODULES, measure

WORKERS = 2


def measure_all(parts: list[str], quick: bool) -> dict[str, dict[str, Any]]:
    """Return part to figures, each part in a process of its own, and print a table of each as it ends."""
    context = get_context("spawn")
    measured: dict[str, dict[str, Any]] = {}
    with ProcessPoolExecutor(WORKERS, mp_context=context) as pool:
        pending = {part: pool.submit(measure, part, quick) for part in parts}
        for part, result in pending.items():
            figures, seconds = result.result()
            rows = [[name, value] for name, value in figures.items()]
            show(f"{part} ({seconds:.0f} s)", ["figure", "value"], rows)
            measured[part] = figures
    return measured


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.decisions",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--only", choices=sorted(MODULES))
    parser.add_argument(
        "--quick", action="store_true", help="fewer repeats, for the tests"
    )
    parser.add_argument(
        "--json",
        action="store_true",
        help="print the figures as JSON on the last line",
    )
    arguments = parser.parse_args()
    parts = [arguments.only] if arguments.only else list(MODULES)
    last_line(measure_all(parts, arguments.quick), arguments.json)


if __name__ == "__main__":
    main()
