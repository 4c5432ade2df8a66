"""Pages and pictures that cannot be made."""

import pytest

from include.pages.optional import attempt, optional


def test_a_page_that_can_be_made_is_returned():
    assert attempt("page", lambda: "<p>") == "<p>"


def test_a_page_that_cannot_be_made_is_named_with_its_error(caplog):
    def fail():
        raise KeyError("no such level")

    assert attempt("page of x", fail) is None
    assert "Could not make the page of x" in caplog.text
    assert "no such level" in caplog.text


def test_the_end_of_a_process_is_no_failing_page():
    with pytest.raises(KeyboardInterrupt), optional("page"):
        raise KeyboardInterrupt
