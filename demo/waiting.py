"""Wait for something that another process brings about."""

from collections.abc import Callable

import tenacity


def wait_until(
    is_done: Callable[[], bool], seconds: float | None, poll_seconds: float
) -> bool:
    """Call `is_done` until it returns True.

    Args:
        is_done: looks once; what it raises ends the wait.
        seconds: how long to wait at most; None waits without end.
        poll_seconds: pause between two looks.

    Returns:
        False if the time is up.
    """
    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_result(lambda done: not done),
        wait=tenacity.wait_fixed(poll_seconds),
        stop=tenacity.stop_never
        if seconds is None
        else tenacity.stop_after_delay(seconds),
        retry_error_callback=lambda state: False,
    )
    return retrying(is_done)
