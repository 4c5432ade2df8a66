"""Write the story's files: `python -m demo.story --leads 20000 --seed 7 --out DIR`."""

import argparse
import logging
from pathlib import Path

from demo.story.files import Layout, write_story
from demo.story.story import make_world

log = logging.getLogger(__name__)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m demo.story")
    parser.add_argument("--leads", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument(
        "--format",
        choices=("csv", "parquet"),
        default="csv",
        help="csv as the systems write it, or typed parquet",
    )
    parser.add_argument(
        "--period",
        choices=("day", "month"),
        default="day",
        help="what arrived in it lies in one folder",
    )
    arguments = parser.parse_args()
    world = make_world(arguments.leads, arguments.seed)
    layout = Layout(arguments.format, arguments.period)
    counts = write_story(world, arguments.out, layout)
    for name, count in counts.items():
        log.info("%s: %d rows", name, count)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    main()
