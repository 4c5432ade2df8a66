"""`python -m demo.down`: stops the local stack of this checkout; nothing running is fine too."""

from rich.console import Console

from demo import stack


def main() -> None:
    """The command line."""
    console = Console(stderr=True)
    with console.status("stopping"):
        stopped = stack.stop()
    console.print(f"stopped {stopped} processes" if stopped else "nothing was running")


if __name__ == "__main__":
    main()
