"""Write docs/settings.md from the fields of the settings: `python -m docs.generate.settings`."""

import json
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path
from typing import Any

from pydantic_settings import BaseSettings

from include.settings import Setting, Settings, all_settings

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "settings.md"
INTRODUCTION = """# Settings

Every setting is one environment variable. Example: `LEADS_API_BURST=50` lets a key make 50 requests at once.

This page is made from `include/settings.py` (`python -m docs.generate.settings`); change that, not this page.
Where two or more variables set the same field, the first one that exists wins. An empty default is shown as `""`.
Lists and tables are JSON: `LEADS_DRIFT_TRIGGERS='["data"]'`. A value of the wrong type stops the process at its start,
with an error that names the field. The code reads a setting by its path: `settings.api.burst`.

What the business decides stands in the contract, in its block `decisions:`, under the names of the fields of
`settings.decisions` below. A variable overrules the contract for one deployment. A field that neither sets has the
default.

The project's own processes on a laptop (ports, the replay) have a few variables more: [local-run.md](local-run.md).
"""
TABLE_HEAD = """| variable | default | meaning | path |
|---|---|---|---|
"""


def settings_page() -> str:
    """Return the page: one table for each group of settings, in the order of the classes."""
    sections = [
        _section(group, list(members))
        for group, members in groupby(all_settings(), key=_group_name)
    ]
    return "\n".join([INTRODUCTION, *sections])


def _group_name(setting: Setting) -> str:
    """Return the name of the group, such as `api`; a setting outside any group has the empty name."""
    group, _, _ = setting.path.rpartition(".")
    return group


def _section(group: str, members: Iterable[Setting]) -> str:
    rows = [_row(setting) for setting in members]
    table = TABLE_HEAD + "\n".join(rows)
    if not group:
        return f"## General\n\n{table}\n"
    return f"## `settings.{group}`\n\n{_purpose(group)}\n\n{table}\n"


def _purpose(group: str) -> str:
    """Return the docstring of the group's class."""
    owner = Settings.model_fields[group].annotation
    if not (isinstance(owner, type) and issubclass(owner, BaseSettings)):
        raise TypeError(
            f"settings.{group} is no group of settings; give the field a BaseSettings class"
        )
    return (owner.__doc__ or "").strip()


def _row(setting: Setting) -> str:
    variables = ", ".join(f"`{name}`" for name in setting.variables)
    cells = [
        variables,
        f"`{_default(setting.default)}`",
        setting.description,
        f"`{setting.path}`",
    ]
    escaped = [cell.replace("|", r"\|") for cell in cells]
    return f"| {' | '.join(escaped)} |"


def _default(value: Any) -> str:
    """Return a default as one would write it in an environment variable."""
    if isinstance(value, str) and value:
        return value
    return json.dumps(value)


def main() -> None:
    """Write the page."""
    PAGE.write_text(settings_page(), encoding="utf-8")


if __name__ == "__main__":
    main()
