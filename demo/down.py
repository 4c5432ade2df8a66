"""Stop the local stack of this checkout: `python -m demo.down`. Nothing running is fine too."""

from rich.console import Console

from demo import stack


def main() -> None:
    """Run the command line."""
    console = Console(stderr=True)
    with console.status("stopping"):
        stopped = stack.stop()
    console.print(
        f"stopped {stopped} processes" if stopped else "nothing was running"
    )


if __name__ == "__main__":
    main()
