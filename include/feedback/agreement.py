"""How far reps agree with each model version, with each other and with what became of the leads."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]

VERDICTS = {"right": "called_right", "too_high": "too_high", "too_low": "too_low"}


def agreement(verdicts: Iterable[Row], pairs: Iterable[Row]) -> list[dict[str, Any]]:
    """Figures for each stage and model version, the newest version first.

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
    together = {(row["stage"], row["model_version"]): row for row in pairs}
    versions: dict[tuple[str | None, str], list[Row]] = {}
    for row in verdicts:
        versions.setdefault((row["stage"], row["model_version"]), []).append(row)
    found = [_version(*version, rows, together.get(version)) for version, rows in versions.items()]
    return sorted(found, key=lambda one: (_number(one["model_version"]), one["stage"] or ""), reverse=True)


def _version(stage: str | None, version: str, reps: Sequence[Row], pairs: Row | None) -> dict[str, Any]:
    flags = sum(int(rep["flags"]) for rep in reps)
    return {
        "stage": stage,
        "model_version": version,
        "reps": len(reps),
        "flags": flags,
        "loudest": max(int(rep["flags"]) for rep in reps) / flags,
        **{verdict: _mean_share(reps, count, "flags") for verdict, count in VERDICTS.items()},
        "borne_out": _mean_share(reps, "borne_out", "judged"),
        "reps_agree": _mean_share([pairs] if pairs else [], "agreeing", "pairs"),
    }


def _mean_share(rows: Iterable[Row], part: str, whole: str) -> float | None:
    shares = [float(row[part]) / float(row[whole]) for row in rows if row[whole]]
    return sum(shares) / len(shares) if shares else None


def _number(version: str) -> int:
    return int(version) if version.isdecimal() else -1
