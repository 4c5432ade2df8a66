"""Write every generated page: `python -m docs.generate`, or `make docs`."""

from docs.generate import dags, local_aws, settings
from include.contract import dictionary

GENERATORS = (dags.main, dictionary.main, local_aws.main, settings.main)
"""Functions that write one page each: docs/dags.md, docs/data-dictionary.md, docs/local-aws.md, docs/settings.md."""

if __name__ == "__main__":
    for write_page in GENERATORS:
        write_page()
