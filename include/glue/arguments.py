"""Reads the arguments of a Glue job."""

import argparse
from collections.abc import Sequence


def parse_arguments(
    description: str,
    names: Sequence[str],
    argv: Sequence[str] | None = None,
    optional: Sequence[str] = (),
) -> argparse.Namespace:
    """Return the job's arguments, one attribute for each name.

    Glue passes more than a job asks for (--JOB_NAME, --enable-metrics …); those are left aside.

    Args:
        description: what the job does, for its help.
        names: of the arguments, all of which are required.
        argv: None takes those of the process.
        optional: names of more arguments, None where they are not given.
    """
    parser = argparse.ArgumentParser(
        description=description, allow_abbrev=False
    )
    for name in names:
        parser.add_argument(f"--{name}", required=True)
    for name in optional:
        parser.add_argument(f"--{name}")
    arguments, _ = parser.parse_known_args(argv)
    return arguments
