"""The command line: `python -m onboarding draft|check|try|upgrade`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from include.contract import ContractError
from onboarding.errors import OnboardingError


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status: 0, or 1 where something is wrong, which it says."""
    arguments = _parser().parse_args(argv)
    try:
        text, good = _run(arguments)
    except (OnboardingError, ContractError, FileNotFoundError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{text}\n")
    return 0 if good else 1


def _run(arguments: argparse.Namespace) -> tuple[str, bool]:
    """Return what a command says, and whether all is well. Each imports its own part, as a training needs much."""
    if arguments.command == "draft":
        from onboarding.draft import draft_file

        return draft_file(arguments.name, arguments.path), True
    if arguments.command == "check":
        from onboarding.check import check_file

        return check_file(arguments.name, arguments.path)
    if arguments.command == "try":
        from onboarding.trial import try_file

        text = try_file(
            arguments.name,
            arguments.path,
            every_stage=arguments.all,
            leave_last=arguments.leave_last,
        )
        return text, True
    from onboarding.upgrade import upgrade_file

    return upgrade_file(arguments.path), True


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m onboarding", description=__doc__
    )
    commands = parser.add_subparsers(dest="command", required=True)
    helps = {
        "draft": "write the contract that a file of leads needs",
        "check": "load a file here and say what would happen to it",
        "try": "train the model families on a file, without a server",
    }
    for command, text in helps.items():
        part = commands.add_parser(command, help=text)
        part.add_argument("name", help="of the contract, such as bank")
        part.add_argument("path", type=Path, help="file of leads")
        if command == "try":
            _add_trial_options(part)
    upgrade = commands.add_parser(
        "upgrade", help="write a contract of format 1 in format 2"
    )
    upgrade.add_argument("path", type=Path)
    return parser


def _add_trial_options(part: argparse.ArgumentParser) -> None:
    part.add_argument(
        "--all", action="store_true", help="all stages, not contact alone"
    )
    part.add_argument(
        "--leave-last",
        type=int,
        metavar="N",
        help="judge the last N rows of the file apart, as leads of the future; of a contract with sources the newest N "
        "leads whose outcome is final, by default a fifth of them",
    )


if __name__ == "__main__":
    sys.exit(main())
