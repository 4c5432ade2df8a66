"""Write every generated page: `python -m docs.generate`, or `make docs`."""

from docs.generate import contract, dags, local_aws, settings
from include.contract.derived import dictionary

GENERATORS = (
    contract.main,
    dags.main,
    dictionary.main,
    local_aws.main,
    settings.main,
)
"""Functions that write one page of docs/ each."""

if __name__ == "__main__":
    for write_page in GENERATORS:
        write_page()
