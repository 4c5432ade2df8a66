"""Limits of one call of the Data API."""

import pytest

from localaws.redshift.limits import broken_limit


@pytest.mark.parametrize(
    ("sqls", "names", "reason"),
    [
        (["SELECT 1"] * 41, [], "less than or equal to 40"),
        (["SELECT '" + "x" * 102_400 + "'"], [], "100 KB"),
        (["SELECT :a"], ["a", "a"], "duplicate parameters"),
        (["SELECT :a"], ["a", "b"], "unused parameters"),
        (["SELECT ':a'"], ["a"], "unused parameters"),
        (["SELECT x::a"], ["a"], "unused parameters"),
    ],
)
def test_a_call_over_a_limit_is_refused(sqls, names, reason):
    parameters = [{"name": name, "value": "1"} for name in names]
    assert reason in broken_limit(sqls, parameters)


def test_a_call_within_the_limits_passes():
    assert broken_limit(["SELECT :a"] * 40, [{"name": "a", "value": "1"}]) == ""
