"""Serve a local AWS until the process gets SIGTERM or SIGINT: `python -m localaws serve`."""

import argparse
import logging
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

from localaws import __version__
from localaws.account import Account
from localaws.server import serve

QUIETER = {
    "werkzeug": logging.WARNING,
    "botocore": logging.WARNING,
    "sqlglot": logging.ERROR,
}
"""Libraries that log every request or statement at the level INFO."""


def main() -> None:
    """Read the command line and serve."""
    arguments = read_arguments()
    logging.basicConfig(
        level=logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    for library, level in QUIETER.items():
        logging.getLogger(library).setLevel(level)
    serve(
        arguments.host,
        arguments.port,
        arguments.data_dir,
        Account(),
        seeded=not arguments.empty,
        host_names=arguments.host_name,
        modules=arguments.entry_point,
        recorded=arguments.recorded,
    )


def read_arguments(command_line: Sequence[str] | None = None) -> Namespace:
    """Return the options of `serve`, the one command; by default those that this process was started with."""
    commands = argparse.ArgumentParser(prog="localaws", description=__doc__)
    commands.add_argument(
        "--version", action="version", version=f"localaws {__version__}"
    )
    parser = commands.add_subparsers(dest="command", required=True).add_parser(
        "serve", help="serve until SIGTERM or SIGINT"
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument(
        "--port", type=int, default=4566, help="0 takes a free one"
    )
    parser.add_argument(
        "--data-dir",
        type=Path,
        default=Path(".local/aws"),
        help="emptied of the last run's files",
    )
    parser.add_argument(
        "--empty",
        action="store_true",
        help="an account without bucket, roles, secret and catalog",
    )
    parser.add_argument(
        "--host-name",
        action="append",
        default=[],
        metavar="NAME",
        help="further name under which it may be called, such as that of its container",
    )
    parser.add_argument(
        "--entry-point",
        action="append",
        default=[],
        metavar="MODULE",
        help="module that a training job may start besides the images' own program",
    )
    parser.add_argument(
        "--recorded",
        action="append",
        default=[],
        metavar="SERVICE",
        help="service, by its signing name, whose calls pass although they are only recorded, such as ec2",
    )
    return commands.parse_args(command_line)


if __name__ == "__main__":
    main()
