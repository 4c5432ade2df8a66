"""Write docs/local-aws.md from the list of statements: `python -m docs.generate.local_aws`."""

from itertools import groupby
from pathlib import Path

from bench.conformance.cases import EXPECTATIONS, Case, load_cases

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "local-aws.md"
INTRODUCTION = """# SQL of the local AWS

This page is made from `bench/conformance/statements.yaml` (`python -m docs.generate.local_aws`); change that, not this
page. `python -m bench.conformance` runs each statement and says which answer is not as listed;
`tests/localaws/redshift/test_conformance.py` does so in every test run.

Local AWS runs Redshift SQL in DuckDB. Example: `SELECT SUM(a) FILTER (WHERE d) FROM t` works in DuckDB and PostgreSQL;
Redshift has no FILTER, so the statement fails here too: `syntax error at or near "FILTER"`.

The rule is an allow-list. A statement runs only if each of its words, functions, types, clauses and options is one that
Redshift documents. What Redshift has and local AWS has not is refused by name: `… is not supported by local AWS`.

What the list assumes: AWS's pages say what Redshift takes. Statements that Redshift takes without documenting them are
refused here.

Known to differ:

- The last digit of a quotient or mean of DECIMAL values is cut off, not rounded. AWS's pages give the number of digits
  and not the rounding. A quotient whose digits are not known before it runs is refused: cast its parts to DECIMAL.
- UNLOAD writes two files where there are two rows or more, as two slices do. A warehouse with more slices writes more.
- TO_CHAR, TO_DATE and TO_TIMESTAMP take a literal format only. TO_DATE refuses days that a month does not have;
  Redshift counts them on into the next month.
- Of the tables of pg_catalog there are those that dbt asks, with the columns that it reads. `*` of one is refused.
- A VARCHAR value longer than its column by blanks only is refused; Redshift cuts the blanks.
- There are no groups, no grants on columns, no default privileges, and no `CREATE USER`: an IAM role is a user from its
  first call on, and what it makes is its own.
- Who changes a table waits until every open transaction that has changed any table ends, not only the same one.
- A result's text that is computed (`a || b`) has length 65535; Redshift computes the length.
- Where a query's types depend on functions whose result is not known before it runs, SUM and AVG keep DuckDB's type.
"""
TABLE = """| construct | right | refused | not supported here | AWS page |
|---|---|---|---|---|
"""


def local_aws_page() -> str:
    """Return the page: one row for each construct, in the order of the list."""
    cases = load_cases()
    constructs = groupby(cases, key=lambda case: (case.construct, case.page))
    rows = [
        _row(construct, page, list(members))
        for (construct, page), members in constructs
    ]
    counts = [_count(cases, expectation) for expectation in EXPECTATIONS]
    right, refused, unsupported = counts
    totals = (
        f"The list has {len(cases)} statements over {len(rows)} constructs: {right} run with the right result, "
        f"{refused} are refused as on Redshift, {unsupported} are not supported.\n"
    )
    table = TABLE + "\n".join(rows)
    return f"{INTRODUCTION}\n## What is tried\n\n{totals}\n{table}\n"


def _row(construct: str, page: str, cases: list[Case]) -> str:
    counts = [str(_count(cases, expectation)) for expectation in EXPECTATIONS]
    name = page.rsplit("/", 1)[-1].removesuffix(".html")
    return f"| {construct} | {' | '.join(counts)} | [{name}]({page}) |"


def _count(cases: list[Case], expectation: str) -> int:
    return sum(case.expectation == expectation for case in cases)


def main() -> None:
    """Write the page."""
    PAGE.write_text(local_aws_page(), encoding="utf-8")


if __name__ == "__main__":
    main()
