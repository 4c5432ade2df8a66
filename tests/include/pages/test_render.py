"""What the report pages share."""

import pytest
from jinja2 import TemplateNotFound

from include.pages.render import (
    _environment,
    change,
    count,
    figure,
    percent,
    picture,
    render,
)


@pytest.mark.parametrize(
    ("shown", "text"),
    [
        (figure(0.98765), "0.9877"),
        (figure(None), "–"),
        (change(0.012), "+0.0120"),
        (change(-0.012), "-0.0120"),
        (percent(0.3849), "38.5%"),
        (percent(None), "–"),
        (count(9240), "9,240"),
    ],
)
def test_figures_are_shown_alike_on_every_page(shown, text):
    assert shown == text


def test_a_picture_lies_in_the_page_and_says_in_words_what_it_shows():
    assert (
        picture(b"PNG", 'a "gain"')
        == '<img src="data:image/png;base64,UE5H" alt="a &#34;gain&#34;">'
    )


def test_a_picture_that_does_not_exist_leaves_no_trace():
    assert picture(None, "gain") == ""


@pytest.mark.parametrize(
    "room", ["include.reporting", "include.promotion", "include.feedback"]
)
def test_every_page_of_a_room_finds_its_template_and_the_shared_frame(room):
    environment = _environment(room)
    environment.get_template("base.html")
    names = {
        name for name in environment.list_templates() if name != "base.html"
    }
    assert names
    for name in names:
        environment.get_template(name)


def test_a_room_does_not_see_the_pages_of_another():
    with pytest.raises(TemplateNotFound):
        render("include.feedback", "decision.html")
