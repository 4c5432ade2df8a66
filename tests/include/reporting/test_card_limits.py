"""Known limits of a version, each from a fact about it."""

from collections import defaultdict

import pytest

from include.reporting.card_facts import CardFacts
from include.reporting.card_limits import ALWAYS, known_limits


def segment(level, rows, **more):
    figures = {"rate": 0.4, "mean_probability": 0.41, "roc_auc": 0.95, **more}
    return {"field": "channel", "level": level, "rows": rows, **figures}


def report(rows, roc_auc, interval, segments=()):
    return {
        "rows": rows,
        "metrics": {"roc_auc": roc_auc, "ece": 0.0213},
        "intervals": {"roc_auc": interval},
        "segments": list(segments),
    }


def facts(**changes):
    given = {
        "model": "winner",
        "version": "4",
        "stage": "capture",
        "run_id": "r",
        "run_url": "http://mlflow.example",
        "registered_at": "2026-02-03",
        "aliases": (),
        "tags": defaultdict(str),
        "holdout": report(1848, 0.95, [0.93, 0.96]),
        "newest": report(1700, 0.91, [0.90, 0.92]),
        "pictures": {},
        "dropped": {
            "opinion": "known at contact only",
            "fit": "known at engagement only",
            "constant": "near-constant",
        },
        "unmapped": {"channel": {"fax": 12, "letter": 3}, "region": {}},
        "manifest": {"labelled_rows": 9240},
        "model_decision": None,
        "decision": None,
        **changes,
    }
    return CardFacts(**given)


@pytest.fixture
def limits(contract):
    def of(**changes):
        return "\n".join(known_limits(facts(**changes), contract))

    return of


def test_how_many_leads_it_learnt_from_and_how_sure_its_figure_is(limits):
    assert (
        "Learnt from 7,392 leads and judged on 1,848, so its ROC-AUC is known to lie between 0.930 and"
        in limits()
    )


def test_what_its_stage_hides_is_named_and_what_was_merely_dropped_is_not(
    limits,
):
    line = next(
        line
        for line in limits().splitlines()
        if "becomes known after capture" in line
    )
    assert "fit, opinion" in line
    assert "constant" not in line


def test_a_contact_model_is_not_for_leads_that_nobody_has_contacted(limits):
    assert "Reads what becomes known by contact only (opinion)" in limits(
        stage="contact", dropped={"constant": "near-constant by the contract"}
    )
    assert "Reads what becomes known" not in limits()


def test_levels_without_a_group_are_counted(limits):
    assert "channel (15 leads)" in limits()
    assert "no group" not in limits(unmapped={"region": {}})


def test_the_calibration_error_is_stated(limits):
    assert "off by 0.021 on average" in limits()


def test_newest_leads_are_compared_with_the_holdout(limits):
    assert (
        "0.910 against 0.950 on the holdout (-0.040; the holdout's lies outside"
        in limits()
    )
    within = limits(newest=report(1700, 0.94, [0.92, 0.96]))
    assert "the holdout's lies within" in within


def test_without_newest_leads_that_is_a_limit(limits):
    assert "nothing is known of how fast it ages" in limits(newest=None)


def test_a_segment_of_few_leads_is_named_and_not_judged(limits):
    text = limits(
        holdout=report(
            1848, 0.95, [0.93, 0.96], [segment("fair", 149, roc_auc=0.6)]
        )
    )
    assert (
        "Fewer than 150 leads of the holdout, so figures that say little: channel = fair (149)."
        in text
    )
    assert "Ranks leads worse" not in text


def test_a_segment_that_it_ranks_worse_is_named(limits):
    segments = [
        segment("web", 900, roc_auc=0.94),
        segment("mail", 300, roc_auc=0.88),
        segment("one", 200, roc_auc=None),
    ]
    text = limits(holdout=report(1848, 0.95, [0.93, 0.96], segments))
    assert (
        "(ROC-AUC lower by more than 0.05) in: channel = mail (300), 0.880."
        in text
    )


def test_a_segment_whose_probabilities_are_off_is_named(limits):
    text = limits(
        holdout=report(
            1848,
            0.95,
            [0.93, 0.96],
            [segment("web", 900, mean_probability=0.5)],
        )
    )
    assert (
        "off by more than 5% in: channel = web (900), 50.0% said, 40.0% came."
        in text
    )


def test_a_snapshot_that_is_gone_is_a_limit(limits):
    assert "its training snapshot is gone" in limits(manifest=None)
    assert "its training snapshot is gone" not in limits()


def test_a_run_without_an_evaluation_says_so(limits):
    text = limits(holdout=None, newest=None)
    assert "neither intervals nor segments" in text
    assert text.endswith("\n".join(ALWAYS))
