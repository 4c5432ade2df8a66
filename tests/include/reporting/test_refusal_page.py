"""The page of a stage that gets no challenger."""

from include.reporting.refusal_page import refusal_page

REFUSED = {
    "lightgbm": "the model ranks no better than chance",
    "xgboost": "its mean probability misses <the> rate",
}


def test_a_refused_stage_is_named_with_the_reason_of_every_family():
    page = refusal_page("leads-contact", "contact", REFUSED, "s3://b/snapshot/")
    assert "Refused: leads-contact, stage contact" in page
    assert "lightgbm" in page
    assert "ranks no better than chance" in page
    assert "misses &lt;the&gt; rate" in page
    assert "s3://b/snapshot/" in page
