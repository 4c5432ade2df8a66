"""Render a room's template as an HTML page; every page shows figures and pictures the same way."""

from base64 import b64encode
from functools import lru_cache
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

ABSENT = "–"


def render(room: str, template: str, /, **values: Any) -> str:
    """Return a template of a room, filled with the values; every value is escaped, an unknown name is an error.

    Args:
        room: package that has the template in its `templates` folder, such as `include.reporting`. The template may
            extend `base.html`, which every room shares.
        template: file name in that folder.
        values: what the template shows.
    """
    return _environment(room).get_template(template).render(**values)


def figure(value: float | None, digits: int = 4) -> str:
    """Format a figure with a number of decimals; return a dash for None."""
    if value is None:
        return ABSENT
    return f"{value:.{digits}f}"


def change(value: float | None, digits: int = 4) -> str:
    """Format a difference with its sign; return a dash for None."""
    if value is None:
        return ABSENT
    return f"{value:+.{digits}f}"


def percent(value: float | None, digits: int = 1) -> str:
    """Format a share in [0, 1] as a percentage; return a dash for None."""
    if value is None:
        return ABSENT
    return f"{value:.{digits}%}"


def count(value: int | None) -> str:
    """Format a whole number with thousands separators; return a dash for None."""
    if value is None:
        return ABSENT
    return f"{value:,}"


def picture(png: bytes | None, text: str) -> Markup:
    """Return an image element that holds the PNG, with its description; return nothing for None."""
    if not png:
        return Markup()
    encoded = b64encode(png).decode()
    return Markup('<img src="data:image/png;base64,{}" alt="{}">').format(
        encoded, text
    )


FILTERS = (figure, change, percent, count, picture)


@lru_cache
def _environment(room: str) -> Environment:
    """Return the Jinja environment of a room: its own templates first, then the shared ones."""
    loader = ChoiceLoader([PackageLoader(room), PackageLoader("include.pages")])
    environment = Environment(
        loader=loader,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=True,
    )
    for function in FILTERS:
        environment.filters[function.__name__] = function
    return environment
