"""What every report page shares: the templates and how they show figures and pictures."""

from base64 import b64encode
from functools import lru_cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

ABSENT = "–"


def render(template: str, **values: Any) -> str:
    """One of the templates beside this module as a page; every value is escaped, an unknown name is an error."""
    return _environment().get_template(template).render(**values)


def figure(value: float | None, digits: int = 4) -> str:
    """A figure with that many decimals; a dash where there is none."""
    return ABSENT if value is None else f"{value:.{digits}f}"


def change(value: float | None, digits: int = 4) -> str:
    """A difference with its sign; a dash where there is none."""
    return ABSENT if value is None else f"{value:+.{digits}f}"


def percent(value: float | None, digits: int = 1) -> str:
    """A share in [0, 1] as a percentage; a dash where there is none."""
    return ABSENT if value is None else f"{value:.{digits}%}"


def count(value: int | None) -> str:
    """A whole number with separators; a dash where there is none."""
    return ABSENT if value is None else f"{value:,}"


def picture(png: bytes | None, text: str) -> Markup:
    """A PNG inside the page, with what it shows in words; nothing where there is none."""
    if not png:
        return Markup()
    return Markup('<img src="data:image/png;base64,{}" alt="{}">').format(b64encode(png).decode(), text)


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("include.reporting", "templates"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=True,
    )
    environment.filters |= {shown.__name__: shown for shown in (figure, change, percent, count, picture)}
    return environment
