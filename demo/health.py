"""A container's health check: `python -m demo.health URL [PART]`, exit status 0 where all is well.

Nothing but the standard library: it runs every few seconds in every container.
"""

import json
import sys
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

SECONDS = 8


def problem(url: str, part: str = "") -> str:
    """What is wrong with a service, empty if nothing.

    Args:
        url: its health address; without `part`, any answer but a server error says that it is up.
        part: of Airflow, which `/api/v2/monitor/health` must call healthy.
    """
    try:
        with urlopen(url, timeout=SECONDS) as response:  # noqa: S310 - an address from docker-compose.yaml
            content = response.read()
    except HTTPError as error:
        return "" if error.code < 500 and not part else f"{url} answers {error.code}"
    except (URLError, OSError) as error:
        return f"{url} does not answer: {error}"
    status = (json.loads(content).get(part) or {}).get("status") if part else "healthy"
    return "" if status == "healthy" else f"{part} is {status}"


if __name__ == "__main__":
    sys.exit(problem(*sys.argv[1:]) or 0)
