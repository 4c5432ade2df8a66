import pytest
from botocore.exceptions import EndpointConnectionError
from flask import Flask

from include.api.error_replies import explain_errors
from include.lake.errors import ObjectMissingError


def raising(error):
    app = Flask(__name__)
    explain_errors(app)

    def fail():
        raise error

    app.add_url_rule("/", view_func=fail)
    return app.test_client().get("/")


def test_what_nobody_foresaw_is_a_500_that_quotes_nothing(caplog):
    reply = raising(ValueError("could not convert 'jane.doe@example.com'"))
    assert (reply.status_code, "jane" in reply.text) == (500, False)
    assert "Not foreseen" in caplog.text


@pytest.mark.parametrize(
    "error",
    [
        EndpointConnectionError(endpoint_url="http://s3"),
        ObjectMissingError("s3://b/k"),
    ],
)
def test_a_store_that_is_away_is_a_503_that_says_to_try_again(error):
    reply = raising(error)
    assert (reply.status_code, "send it again" in reply.json["error"]) == (
        503,
        True,
    )
