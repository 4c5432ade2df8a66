import pytest

from include.monitoring.judge import compare_leads


def verdict(reference, current, contract, share=0.3):
    return compare_leads(reference, current, contract, share_threshold=share, missing_jump=0.5).verdict


def drifted(frame):
    return frame.assign(minutes=frame["minutes"] * 2, channel=frame["channel"].where(frame.index % 2 == 0, "new"))


def test_the_same_population_is_stable(contract, accounts_of):
    assert verdict(accounts_of(2000, 1), accounts_of(1500, 2), contract) == "stable"


@pytest.mark.parametrize(("share", "expected"), [(2 / 7, "drift"), (0.3, "stable")])
def test_a_share_that_reaches_the_threshold_is_drift(contract, accounts_of, share, expected):
    assert verdict(accounts_of(2000, 1), drifted(accounts_of(1500, 2)), contract, share) == expected


def test_an_outage_wins_over_drift(contract, accounts_of):
    current = drifted(accounts_of(1500, 2)).assign(fit=None)
    assert verdict(accounts_of(2000, 1), current, contract, share=0.1) == "outage"


def test_the_analysis_counts_rows_and_missing_shares_of_both_sides(contract, accounts_of):
    current = accounts_of(1500, 2).assign(fit=None)
    analysis = compare_leads(accounts_of(2000, 1), current, contract, 0.3, 0.5)
    assert (analysis.reference_rows, analysis.current_rows) == (2000, 1500)
    assert (analysis.missing_reference["fit"], analysis.missing_current["fit"]) == (0.0, 1.0)
    assert [outage.column for outage in analysis.outages] == ["fit"]
