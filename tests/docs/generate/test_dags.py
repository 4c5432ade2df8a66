"""docs/dags.md is what the DAG files say of themselves."""

from pathlib import Path

import pytest

from docs.generate.dags import PAGE, ROOT, dag_page


def test_the_committed_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == dag_page(ROOT / "dags"), (
        "run python -m docs.generate.dags"
    )


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        ('"17 1 * * *"', "`17 1 * * *` (UTC)"),
        ("None", "by hand"),
        (
            '[asset("leads", contract)]',
            "whenever the asset is updated: `leads`",
        ),
    ],
)
def test_the_page_says_when_a_dag_runs(
    tmp_path: Path, schedule: str, words: str
) -> None:
    (tmp_path / "example.py").write_text(
        f'"""### Title\n\nWhat it does.\n"""\n@dag(schedule={schedule})\ndef x(): ...\n'
    )
    page = dag_page(tmp_path)
    assert f"*Runs: {words}" in page
    assert "What it does." in page
