"""docs/architecture.md lists the rooms of include/ at the levels that import-linter checks."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


def levels_on_the_page() -> dict[str, int]:
    rows = re.findall(
        r"^\| (\d+) \| `include/([a-z]+)(?:/|\.py)` \|", PAGE, re.MULTILINE
    )
    return {room: int(level) for level, room in rows}


def levels_that_lint_checks() -> dict[str, int]:
    settings = tomllib.loads(
        (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    )
    contracts = settings["tool"]["importlinter"]["contracts"]
    layers = next(
        contract["layers"]
        for contract in contracts
        if contract["name"].startswith("inside include/")
    )
    levels = {}
    for level, layer in enumerate(reversed(layers), start=1):
        for module in layer.split(" | "):
            levels[module.removeprefix("include.")] = level
    return levels


def test_every_room_stands_at_the_level_that_import_linter_checks() -> None:
    assert levels_on_the_page() == levels_that_lint_checks()


def test_no_room_is_missing() -> None:
    modules = {
        path.parent.name for path in (ROOT / "include").glob("*/__init__.py")
    }
    modules |= {path.stem for path in (ROOT / "include").glob("*.py")} - {
        "__init__"
    }
    assert set(levels_on_the_page()) == modules
