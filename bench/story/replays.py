"""Replay the story's two changes, and stories in which nothing changes, window by window."""

from typing import Any

import pandas as pd

from bench.story.declared import declared
from bench.story.systems import Story, read_story
from bench.story.watch import (
    Finding,
    Watch,
    Watched,
    count_until,
    windows_between,
)
from demo.story.dates import APPROVAL_SHIFT, CHANNEL_SHIFT, END
from demo.story.story import make_world

QUIET_FROM = pd.Timestamp("2024-05-13", tz="UTC")
"""The champions of a quiet replay are trained on this Monday, the day before the outage of the e-mails."""
WINDOWS = 8
"""So many windows after a change are looked at."""


def moment(day: Any) -> pd.Timestamp:
    """Return midnight of one of the story's dates, in UTC."""
    return pd.Timestamp(day, tz="UTC")


def shifts(story: Story, days: int) -> dict[str, Any]:
    """Return after how many windows each change is noticed.

    The champions were trained on the day of the change, on everything that was known by then. The new channel is
    noticed where the inputs or the scores drift. The new criteria are noticed where the performance of `approved`
    drifts; `approval_others` says in how many windows that of `converted` did.

    Args:
        story: with both changes.
        days: length of a window.
    """
    watch = Watch(story)
    channel = {}
    for outcome in declared().outcomes:
        findings = _after(watch, outcome, moment(CHANNEL_SHIFT), days)
        channel[outcome] = count_until(findings, "data", "prediction")
    approval = {}
    for outcome in declared().outcomes:
        findings = _after(watch, outcome, moment(APPROVAL_SHIFT), days)
        approval[outcome] = [
            finding.notices("performance") for finding in findings
        ]
    noticed = approval.pop("approved")
    others = [any(flags) for flags in approval.values()]
    return {
        "channel_shift_windows": _latest(list(channel.values())),
        "approval_shift_windows": _first(noticed),
        "approval_others": sum(others),
    }


def _latest(counts: list[int | None]) -> int | None:
    """Return the largest count, None where one of them is missing."""
    numbers = [count for count in counts if count is not None]
    return max(numbers) if len(numbers) == len(counts) else None


def _first(flags: list[bool]) -> int | None:
    """Return the number of the first flag that is set, from 1 on."""
    return flags.index(True) + 1 if any(flags) else None


def _after(
    watch: Watch, outcome: str, start: pd.Timestamp, days: int
) -> list[Finding]:
    """Return what the windows after a training come to."""
    watched = watch.trained(outcome, start)
    end = start + pd.Timedelta(days=days * WINDOWS)
    windows = windows_between(start, min(end, moment(END)), days)
    findings = list(watch.findings(watched, windows))
    for finding in findings:
        _tell(watched, finding)
    return findings


def quiet_replay(leads: int, seed: int, days: int) -> int:
    """Return how often a story without a change calls for a new model, over both outcomes.

    Args:
        leads: of the whole story.
        seed: of the story.
        days: length of a window.
    """
    watch = Watch(read_story(make_world(leads, seed)))
    end = moment(CHANNEL_SHIFT)
    retrains = 0
    for outcome in declared().outcomes:
        watched = watch.trained(outcome, QUIET_FROM)
        windows = windows_between(QUIET_FROM, end, days)
        for finding in watch.findings(watched, windows):
            retrains += finding.retrains
            if finding.retrains:
                _tell(watched, finding)
    return retrains


def _tell(watched: Watched, finding: Finding) -> None:
    """Print what a window came to."""
    text = "too few leads"
    if finding.verdict:
        triggers = ", ".join(finding.triggers)
        text = f"{finding.verdict.verdict} {triggers}"
    print(
        f"{watched.outcome}, until {finding.window.until:%Y-%m-%d}: {text}",
        flush=True,
    )
