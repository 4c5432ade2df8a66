"""The command line: `python -m onboarding draft|check|try|upgrade`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from include.contract import ContractError
from onboarding.draft import draft_file
from onboarding.errors import OnboardingError
from onboarding.upgrade import upgrade_file


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status: 0, or 1 where it says what went wrong."""
    arguments = _parser().parse_args(argv)
    try:
        text = arguments.run(arguments)
    except (OnboardingError, ContractError, FileNotFoundError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{text}\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m onboarding", description=__doc__
    )
    commands = parser.add_subparsers(required=True)
    draft = commands.add_parser(
        "draft", help="write the contract that a file of leads needs"
    )
    draft.add_argument("name", help="of the contract, such as bank")
    draft.add_argument("path", type=Path, help="file of leads")
    draft.set_defaults(
        run=lambda arguments: draft_file(arguments.name, arguments.path)
    )
    upgrade = commands.add_parser(
        "upgrade", help="write a contract of format 1 in format 2"
    )
    upgrade.add_argument("path", type=Path)
    upgrade.set_defaults(run=lambda arguments: upgrade_file(arguments.path))
    return parser


if __name__ == "__main__":
    sys.exit(main())
