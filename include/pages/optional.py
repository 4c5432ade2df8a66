"""Keep a page or a picture that cannot be made from stopping the work that it only shows."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

log = logging.getLogger(__name__)


@contextmanager
def optional(name: str) -> Iterator[None]:
    """Run a block that makes a page or a picture; if it fails, log that by name and go on after the block.

    Args:
        name: of what is made, for the log, such as "picture conversion-city".
    """
    try:
        yield
    except Exception:  # whatever odd data does to a picture, a training or a promotion does not depend on it
        log.warning(
            "Could not make the %s; everything else goes on without it",
            name,
            exc_info=True,
        )


def attempt[Made](name: str, make: Callable[[], Made]) -> Made | None:
    """Return the page or picture that `make` makes, or None where it fails, which is logged by name.

    Args:
        name: of what is made, for the log.
        make: function without arguments.
    """
    with optional(name):
        return make()
    return None
