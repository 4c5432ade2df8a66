from pathlib import Path

from include.contract.derived import dictionary

ROOT = Path(__file__).parents[4]


def test_the_committed_page_is_what_the_contract_says(x_education):
    committed = (ROOT / dictionary.PAGE).read_text(encoding="utf-8")
    assert committed == dictionary.dictionary_page(x_education), (
        "run python -m include.contract.derived.dictionary"
    )


def test_every_column_has_a_row_with_its_type_and_moment(small):
    page = dictionary.dictionary_page(small)
    assert (
        "| 4 | Visits | `visits` | integer ≥ 0 | INTEGER | yes | **Visits**: d *capture*, x. |"
        in page
    )
    assert "| no, the label |" in page


def test_levels_are_listed_by_group(small):
    page = dictionary.dictionary_page(small)
    assert "| Direct | Mail, SMS |" in page
    assert "Lowest first: cold < hot" in page


def test_the_command_writes_the_page(tmp_path, monkeypatch, x_education):
    monkeypatch.chdir(tmp_path)
    dictionary.main()
    assert dictionary.PAGE.read_text(
        encoding="utf-8"
    ) == dictionary.dictionary_page(x_education)
