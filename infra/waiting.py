"""Wait for something that AWS brings about."""

import time
from collections.abc import Callable

import tenacity
from tenacity.stop import StopBaseT


def wait_until(
    is_done: Callable[[], bool],
    stop: StopBaseT,
    poll_seconds: float,
    sleep: Callable[[float], None] = time.sleep,
) -> bool:
    """Call `is_done` until it returns True.

    Args:
        is_done: looks once; what it raises ends the wait.
        stop: when to give up.
        poll_seconds: pause between two looks.
        sleep: makes the pause.

    Returns:
        False if it was given up.
    """
    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_result(lambda done: not done),
        wait=tenacity.wait_fixed(poll_seconds),
        stop=stop,
        sleep=sleep,
        retry_error_callback=lambda state: False,
    )
    return retrying(is_done)
