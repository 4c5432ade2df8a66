"""Train the model families on a file of leads, with no server at hand, and say how good the chosen one is.

The parts are those of the training: the same search, the same choice, the same holdout.
"""

import time
from collections.abc import Sequence
from pathlib import Path

from include.contract import Contract, KnownAt, load_contract
from include.contract.model import SCORING_STAGES
from onboarding.errors import TryError
from onboarding.leads import read_leads
from onboarding.stage_trial import try_stage


def try_file(
    name: str,
    path: Path,
    every_stage: bool = False,
    leave_last: int | None = None,
) -> str:
    """Return what a training on the file would give, as text.

    Args:
        name: of the contract, or the path of its file.
        path: of the file of leads; for a contract with sources of the folder that holds their prefixes.
        every_stage: whether to try all stages, not contact alone.
        leave_last: so many of the newest leads are left out and judged apart, as leads of the future. In one file these
            are its last rows, by default none.

    Raises:
        TryError: the file does not fit, or no model can be trained on it.
    """
    started = time.monotonic()
    contract = load_contract(name)
    stages = SCORING_STAGES if every_stage else (KnownAt.CONTACT,)
    if contract.unify:
        from onboarding.source_trial import try_sources

        lines = try_sources(contract, path, stages, leave_last)
    else:
        lines = _try_one_file(contract, path, stages, leave_last or 0)
    lines.append(f"{time.monotonic() - started:.0f} s")
    return "\n".join(lines)


def _try_one_file(
    contract: Contract,
    path: Path,
    stages: Sequence[KnownAt],
    leave_last: int,
) -> list[str]:
    leads = read_leads(path, contract)
    lines = [
        f"{path.name}: {leads.rows:,} rows, {len(leads.frame):,} of them readable"
    ]
    lines += [
        f"  rejected: {rule} ({rows} rows)"
        for rule, rows in leads.rejected.items()
    ]
    if not 0 <= leave_last < len(leads.frame):
        raise TryError(
            f"--leave-last {leave_last} leaves no lead to learn from"
        )
    cut = len(leads.frame) - leave_last
    for stage in stages:
        lines += try_stage(
            contract, stage, leads.frame.iloc[:cut], leads.frame.iloc[cut:]
        )
    return lines
