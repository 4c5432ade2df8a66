"""Runs the scoring API: `python -m include.serving [--host HOST] [--port PORT]`."""

import argparse
import logging
import os

from waitress import serve

from include.serving.app import create_app


def main() -> None:
    """Serves until stopped, on waitress with a few threads."""
    parser = argparse.ArgumentParser(description="The scoring API")
    parser.add_argument("--host", default=os.environ.get("LEADS_API_HOST", "127.0.0.1"))
    parser.add_argument("--port", type=int, default=int(os.environ.get("LEADS_API_PORT", "8090")))
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    serve(create_app(), host=arguments.host, port=arguments.port, threads=8)


if __name__ == "__main__":
    main()
