"""Check the health of a container: `python -m demo.health URL [PART]`, exit status 0 where all is well.

Nothing but the standard library: it runs every few seconds in every container.
"""

import json
import sys
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

SECONDS = 8


def problem(url: str, part: str = "") -> str:
    """Say what is wrong with a service; empty if nothing is.

    Args:
        url: its health address; without `part`, any answer but a server error says that it is up.
        part: of Airflow, which `/api/v2/monitor/health` must call healthy.
    """
    try:
        with urlopen(url, timeout=SECONDS) as response:  # noqa: S310 - an address from docker-compose.yaml
            content = response.read()
    except HTTPError as error:
        if error.code < 500 and not part:
            return ""
        return f"{url} answers {error.code}"
    except (URLError, OSError) as error:
        return f"{url} does not answer: {error}"
    if not part:
        return ""
    state = json.loads(content).get(part) or {}
    status = state.get("status")
    return "" if status == "healthy" else f"{part} is {status}"


if __name__ == "__main__":
    sys.exit(problem(*sys.argv[1:]) or 0)
