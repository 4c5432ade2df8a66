"""Train the model families on a folder of several sources: the leads are put together first, as a load does it.

Every outcome has models of its own. They learn from the leads whose outcome is final, as a training does.
"""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from include.contract import Contract, KnownAt, decisions_of
from include.glue.errors import JobFailedError
from include.lake.errors import LoadRejectedError
from include.lake.quality import check_load
from include.settings import settings
from include.training.data.snapshot import final_leads
from onboarding.errors import TryError
from onboarding.source_leads import load_folder
from onboarding.stage_trial import try_stage

LATER_SHARE = 0.2
"""Share of the leads with a final outcome, the newest of them, that is judged apart unless a number is named."""


def try_sources(
    contract: Contract,
    path: Path,
    stages: Sequence[KnownAt],
    leave_last: int | None = None,
) -> list[str]:
    """Return what a training on the folder would give, line by line.

    Args:
        contract: with sources.
        path: of the folder that holds the sources' prefixes.
        stages: to try.
        leave_last: so many of the newest leads with a final outcome are judged apart, as leads of the future; by
            default a fifth of them.

    Raises:
        TryError: the load fails, or no lead would be left to learn from.
        UnreadableFileError: there is no such folder.
    """
    try:
        loaded = load_folder(contract, path)
        check_load(loaded.metrics, decisions_of(settings(), contract))
    except (JobFailedError, LoadRejectedError) as error:
        raise TryError(f"{path}: the load would fail: {error}") from error
    leads = loaded.frame
    lines = [f"{path}: {len(leads):,} leads put together"]
    lines += [
        f"  {entry['source']} is {entry['problem']}: {entry['reason']}"
        for entry in loaded.metrics["source_problems"]
    ]
    for view in contract.views:
        lines += _try_outcome(view, leads, stages, leave_last)
    return lines


def _try_outcome(
    contract: Contract,
    leads: pd.DataFrame,
    stages: Sequence[KnownAt],
    leave_last: int | None,
) -> list[str]:
    """Return the figures of one outcome at each stage."""
    final = final_leads(contract, leads)
    known = int(leads[contract.label].notna().sum())
    line = f"\noutcome {contract.label}: final of {len(final):,} leads"
    if known > len(final):
        line += f"; of {known - len(final):,} younger ones it is known and may still change"
    count = round(len(final) * LATER_SHARE)
    if leave_last is not None:
        count = leave_last
    if not 0 <= count < max(len(final), 1):
        raise TryError(
            f"--leave-last {count} leaves no lead to learn from: {contract.label} is final of {len(final)}"
        )
    cut = len(final) - count
    lines = [line]
    for stage in stages:
        lines += try_stage(contract, stage, final[:cut], final[cut:])
    return lines
