"""Count how far reps agree with each model version, with each other and with what became of the leads."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]

VERDICTS = {
    "right": "called_right",
    "too_high": "too_high",
    "too_low": "too_low",
}


def agreement(
    verdicts: Iterable[Row], pairs: Iterable[Row]
) -> list[dict[str, Any]]:
    """Return the figures for each stage and model version, the newest version first.

    Args:
        verdicts: a row per stage, model_version and rep: flags, called_right, too_high, too_low, judged (flags whose
            outcome is known), borne_out; what count_verdicts.sql gives.
        pairs: a row per stage and model_version: pairs of reps on the same lead, and how many of them agree.

    Returns:
        stage (None where neither the rep nor the scores name it), model_version, reps, flags, loudest (share of the
        flags that one rep gave), and as shares in [0, 1] right, too_high, too_low and borne_out, each the mean over
        reps, so that a rep counts once however many flags they give, and reps_agree over pairs; None where nothing can
        be said.
    """
    pairs_of_version = {
        (row["stage"], row["model_version"]): row for row in pairs
    }
    reps_of_version: dict[tuple[str | None, str], list[Row]] = defaultdict(list)
    for row in verdicts:
        reps_of_version[row["stage"], row["model_version"]].append(row)
    figures = []
    for version, reps in reps_of_version.items():
        stage, model_version = version
        figures.append(
            _figures(stage, model_version, reps, pairs_of_version.get(version))
        )
    return sorted(figures, key=_newest_last, reverse=True)


def _newest_last(figures: Row) -> tuple[int, str]:
    return _number(figures["model_version"]), figures["stage"] or ""


def _figures(
    stage: str | None, version: str, reps: Sequence[Row], pairs: Row | None
) -> dict[str, Any]:
    """Return the figures of one model version."""
    flags = [int(rep["flags"]) for rep in reps]
    total = sum(flags)
    verdict_shares = {
        verdict: _mean_share(reps, count, "flags")
        for verdict, count in VERDICTS.items()
    }
    return {
        "stage": stage,
        "model_version": version,
        "reps": len(reps),
        "flags": total,
        "loudest": max(flags) / total,
        **verdict_shares,
        "borne_out": _mean_share(reps, "borne_out", "judged"),
        "reps_agree": _mean_share(
            [pairs] if pairs else [], "agreeing", "pairs"
        ),
    }


def _mean_share(rows: Iterable[Row], part: str, whole: str) -> float | None:
    """Return the mean over rows of part divided by whole; None where no row has a whole."""
    shares = []
    for row in rows:
        if row[whole]:
            shares.append(float(row[part]) / float(row[whole]))
    if not shares:
        return None
    return sum(shares) / len(shares)


def _number(version: str) -> int:
    return int(version) if version.isdecimal() else -1
