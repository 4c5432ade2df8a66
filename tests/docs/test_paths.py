"""Every path, module and link that a page shows exists in the repository."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [
    *sorted(ROOT.glob("*.md")),
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted(ROOT.glob("[a-z]*/README.md")),
]
FOLDERS = (
    "bench|dags|demo|docker|docs|include|infra|localaws|notebooks|plugins|tests"
)
"""A path begins with one of these; other words with a slash are S3 keys, URLs, packages or commands."""

every_page = pytest.mark.parametrize(
    "page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES]
)


def snippets(page: Path) -> str:
    """Return what stands in backticks, one snippet a line; blocks of code are left out."""
    prose = re.sub(
        r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL
    )
    return "\n".join(re.findall(r"`([^`\n]+)`", prose))


def path_exists(path: str) -> bool:
    """Return whether a path exists; `<name>`, `NAME`, `{name}` and `…` stand for any text."""
    pattern = re.sub(
        r"<[^>]+>|…|\{[^}]+\}|[A-Z]{3,}(?![A-Z.])", "*", path.rstrip("/")
    )
    return (ROOT / path).exists() or any(ROOT.glob(pattern))


def module_exists(name: str) -> bool:
    """Return whether a dotted name is a module, or an attribute that its module's text names."""
    parent, _, attribute = name.rpartition(".")
    if (ROOT / name.replace(".", "/")).is_dir():
        return True
    if (ROOT / f"{name.replace('.', '/')}.py").exists():
        return True
    module = ROOT / f"{parent.replace('.', '/')}.py"
    return (
        module.exists()
        and re.search(rf"\b{attribute}\b", module.read_text(encoding="utf-8"))
        is not None
    )


@every_page
def test_every_path_in_backticks_exists(page: Path) -> None:
    paths = re.findall(
        rf"(?<![\w/.:-])(?:{FOLDERS})/[^\s,;:()#'\"]*", snippets(page)
    )
    missing = sorted(path for path in set(paths) if not path_exists(path))
    assert missing == [], (
        f"{page.name} shows paths that do not exist; write the ones that do"
    )


@every_page
def test_every_module_in_backticks_exists(page: Path) -> None:
    modules = re.findall(
        rf"(?<![\w/.-])(?:{FOLDERS})(?:\.[a-z_]+)+\b(?![/=])(?<!\.zip)",
        snippets(page),
    )
    missing = sorted(name for name in set(modules) if not module_exists(name))
    assert missing == [], (
        f"{page.name} shows modules that do not exist; write the ones that do"
    )


@every_page
def test_every_link_to_a_file_leads_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8"))
    files = {
        target.partition("#")[0]
        for target in targets
        if not target.startswith(("http://", "https://", "#"))
    }
    missing = sorted(
        name for name in files if not (page.parent / name).exists()
    )
    assert missing == [], (
        f"{page.name} links to files that do not exist; correct the links"
    )
