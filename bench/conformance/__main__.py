"""Print how many statements of the list local AWS answers rightly: `python -m bench.conformance --json`."""

import argparse
import json
import sys
from collections import Counter

from bench.conformance.cases import Case, load_cases, prepared_engine, verdict

VERDICTS = ("right", "refused_rightly", "unsupported", "wrong", "false_green")


def measure() -> tuple[dict[str, int], list[tuple[Case, str, str]]]:
    """Return the counts, and each case with its verdict and answer."""
    cases = load_cases()
    results: list[tuple[Case, str, str]] = []
    with prepared_engine() as engine:
        for case in cases:
            result, answer = verdict(engine, case)
            results.append((case, result, answer))
    counts = Counter(result for _, result, _ in results)
    summary = {name: counts[name] for name in VERDICTS}
    summary["statements"] = len(cases)
    summary["constructs"] = len({case.construct for case in cases})
    return summary, results


def main() -> None:
    """Print the counts as JSON, or with what is wrong in words."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON only")
    arguments = parser.parse_args()
    summary, results = measure()
    sys.stdout.write(json.dumps(summary) + "\n")
    if arguments.json:
        return
    for case, result, answer in results:
        if result in ("wrong", "false_green"):
            sys.stdout.write(f"{result}: {case.sql}\n    {answer}\n")


if __name__ == "__main__":
    main()
