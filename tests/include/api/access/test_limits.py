import pytest
from flask import Flask, g

from include.api.access import limits
from include.api.access.limits import Buckets, limit_rates
from include.api.error_replies import explain_errors


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def test_a_burst_passes_and_then_the_rate_holds(clock):
    buckets = Buckets(per_second=2, burst=3, clock=clock)
    assert [buckets.take("a") for _ in range(4)] == [0, 0, 0, 0.5]
    clock.now += 0.5
    assert [buckets.take("a"), buckets.take("a")] == [0, 0.5]


def test_asking_in_vain_does_not_lengthen_the_wait(clock):
    buckets = Buckets(per_second=1, burst=1, clock=clock)
    assert [buckets.take("a") for _ in range(5)] == [0, 1, 1, 1, 1]


def test_no_more_than_the_burst_is_saved_up(clock):
    buckets = Buckets(per_second=10, burst=2, clock=clock)
    buckets.take("a")
    clock.now += 3600
    assert [buckets.take("a") for _ in range(3)] == [0, 0, 0.1]


def test_callers_do_not_share_a_bucket(clock):
    buckets = Buckets(per_second=1, burst=1, clock=clock)
    assert [buckets.take("a"), buckets.take("b"), buckets.take("a")] == [
        0,
        0,
        1,
    ]


def test_the_callers_remembered_are_bounded(clock, monkeypatch):
    monkeypatch.setattr(limits, "REMEMBERED", 3)
    buckets = Buckets(per_second=1, burst=1, clock=clock)
    for caller in "abcd":
        buckets.take(caller)
    assert buckets.take("a") == 0  # forgotten, so full again
    assert buckets.take("d") == 1


def test_who_asks_too_often_gets_a_429_with_the_seconds_to_wait(clock):
    app = Flask(__name__)
    app.before_request(lambda: setattr(g, "caller", "crm"))
    limit_rates(app, Buckets(per_second=0.25, burst=1, clock=clock))
    explain_errors(app)
    app.add_url_rule("/", view_func=lambda: "ok")
    client = app.test_client()
    first, second = client.get("/"), client.get("/")
    assert (
        first.status_code,
        second.status_code,
        second.headers["Retry-After"],
    ) == (200, 429, "4")
    assert "wait 4 s" in second.json["error"]
