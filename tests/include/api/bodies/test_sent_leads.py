import pytest

from include.api.bodies.sent_leads import check_size
from include.api.errors import BodyTooLargeError


@pytest.mark.parametrize(
    ("leads", "limit"),
    [([{}] * 4, "4 leads"), ([{}, dict.fromkeys("abc")], "3 columns")],
    ids=["leads", "columns"],
)
def test_more_than_one_request_may_bring_is_refused_with_the_limit(
    leads, limit
):
    with pytest.raises(
        BodyTooLargeError, match=f"{limit}.*may (bring 3|have 2)"
    ):
        check_size(leads, max_leads=3, max_columns=2)


def test_what_is_within_the_limits_passes():
    check_size(
        [{"a": 1, "b": 2}] * 3, max_leads=3, max_columns=2
    )  # does not raise
