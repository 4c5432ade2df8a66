"""`make docs` writes every page that is made from code."""

from docs.generate.__main__ import GENERATORS
from docs.generate.dags import ROOT

MARKS = ("is made from", "Written by `python -m")
"""How a page says in its first lines that it is generated."""


def test_every_generated_page_has_a_generator() -> None:
    heads = {
        page.name: page.read_text(encoding="utf-8")[:600]
        for page in (ROOT / "docs").glob("*.md")
    }
    generated = {
        name
        for name, head in heads.items()
        if any(mark in head for mark in MARKS)
    }
    assert generated == {
        "contract.md",
        "dags.md",
        "data-dictionary.md",
        "local-aws.md",
        "settings.md",
    }
    assert len(GENERATORS) == len(generated)
