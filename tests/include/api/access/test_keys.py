import json

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from include.api.access.keys import (
    Keys,
    add_key,
    hash_of,
    read_entries,
    secret_keys,
)
from include.api.errors import KeysUnusableError
from include.settings import settings


@pytest.fixture
def secret(bucket, monkeypatch, request, fresh_settings):
    """Name of a secret of this test's own, in the Secrets Manager beside the bucket; it is not there yet."""
    name = f"keys/{bucket}"
    monkeypatch.setenv("LEADS_API_KEYS_SECRET", name)
    fresh_settings()
    return name


def store(name, text):
    boto3.client("secretsmanager").create_secret(Name=name, SecretString=text)


def test_a_key_is_known_by_its_name_and_no_other_is(secret, caplog):
    key = add_key(settings(), "crm")
    keys = secret_keys(settings())
    keys.refresh()
    assert (
        keys.name_of(key),
        keys.name_of("wrong"),
        keys.name_of(""),
    ) == ("crm", None, None)
    ours = [
        entry for entry in caplog.records if entry.name.startswith("include")
    ]
    assert ours == []


def test_the_secret_holds_the_hash_and_not_the_key(secret):
    key = add_key(settings(), "crm")
    text = boto3.client("secretsmanager").get_secret_value(SecretId=secret)[
        "SecretString"
    ]
    assert key not in text
    assert json.loads(text) == {"crm": hash_of(key)}


def test_a_second_key_leaves_the_first_one_valid(secret):
    first, second = add_key(settings(), "crm"), add_key(settings(), "desk")
    assert read_entries(settings()) == {
        "crm": hash_of(first),
        "desk": hash_of(second),
    }


@pytest.mark.parametrize("name", ["crm", "", "with space", "x" * 65])
def test_a_name_that_is_taken_or_no_name_is_refused(secret, name):
    add_key(settings(), "crm")
    with pytest.raises(KeysUnusableError):
        add_key(settings(), name)


@pytest.mark.parametrize(
    "text",
    [
        " ",
        "[]",
        '{"crm": "plain-key"}',
        '{"crm": 1}',
        "not JSON",
        '{"a b": "%s"}' % ("0" * 64),
    ],
)
def test_a_secret_of_another_form_is_a_problem_and_no_key_is_valid(
    secret, text, caplog
):
    store(secret, text)
    keys = secret_keys(settings())
    keys.refresh()
    assert (keys.loaded, keys.name_of("plain-key")) == (False, None)
    assert settings().api.keys_secret in caplog.text


def test_a_missing_secret_is_a_problem_that_says_how_to_make_it(secret, caplog):
    keys = secret_keys(settings())
    keys.refresh()
    assert "python -m include.api key NAME" in caplog.text


def test_a_key_that_was_taken_out_is_refused_from_the_next_look_on():
    hashes = {"crm": hash_of("k")}
    keys = Keys(lambda: hashes)
    keys.refresh()
    hashes.clear()
    assert keys.name_of("k") == "crm"
    keys.refresh()
    assert keys.name_of("k") is None


def test_keys_once_read_stay_while_the_store_is_away(caplog):
    answers = [
        {"crm": hash_of("k")},
        EndpointConnectionError(endpoint_url="x"),
        EndpointConnectionError(endpoint_url="x"),
    ]

    def read():
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    keys = Keys(read)
    for _ in range(3):
        keys.refresh()
    assert keys.name_of("k") == "crm"
    assert (
        caplog.text.count(
            "API keys not refreshed, what was read before stays in use"
        )
        == 1
    )


def fail(error):
    raise error


def api_error(code, status=400):
    return ClientError(
        {
            "Error": {"Code": code, "Message": "m"},
            "ResponseMetadata": {"HTTPStatusCode": status},
        },
        "GetSecretValue",
    )


class Store:
    """Hands out a key until it is told to fail."""

    def __init__(self):
        self.error = None

    def __call__(self):
        if self.error:
            raise self.error
        return {"crm": hash_of("k")}


def test_a_secret_that_is_unusable_locks_out_at_the_next_look_and_says_so_once(
    caplog,
):
    store = Store()
    keys = Keys(store)
    keys.refresh()
    store.error = KeysUnusableError("AccessDeniedException for secret s")
    for _ in range(2):
        keys.refresh()
    assert (keys.loaded, keys.name_of("k"), keys.failures) == (False, None, 2)
    assert caplog.text.count("every caller is locked out") == 1
    assert "AccessDeniedException for secret s" in caplog.text
    store.error = None
    keys.refresh()
    assert (keys.loaded, keys.name_of("k")) == (True, "crm")


def test_keys_stay_while_the_store_is_away_but_not_for_ever(caplog):
    moments = [0.0]
    store = Store()
    keys = Keys(store, keep_seconds=900, clock=lambda: moments[0])
    keys.refresh()
    store.error = EndpointConnectionError(endpoint_url="x")
    for moment, name in ((900.0, "crm"), (901.0, None), (950.0, None)):
        moments[0] = moment
        keys.refresh()
        assert (keys.name_of("k"), keys.loaded) == (name, name is not None)
    assert "every caller is locked out" in caplog.text


@pytest.mark.parametrize(
    "change",
    [
        lambda client, name: client.delete_secret(SecretId=name),
        lambda client, name: client.delete_secret(
            SecretId=name, ForceDeleteWithoutRecovery=True
        ),
        lambda client, name: client.put_secret_value(
            SecretId=name, SecretString="revoked"
        ),
        lambda client, name: client.put_secret_value(
            SecretId=name, SecretString="{}"
        ),
    ],
    ids=["marked for deletion", "deleted", "malformed", "emptied"],
)
def test_a_secret_that_is_deleted_or_overwritten_lets_nobody_in(secret, change):
    key = add_key(settings(), "crm")
    keys = secret_keys(settings())
    keys.refresh()
    assert keys.name_of(key) == "crm"
    change(boto3.client("secretsmanager"), secret)
    keys.refresh()
    assert keys.name_of(key) is None


@pytest.mark.parametrize(
    ("error", "stays"),
    [
        (api_error("AccessDeniedException"), False),
        (api_error("ResourceNotFoundException"), False),
        (api_error("InvalidRequestException"), False),
        (api_error("DecryptionFailure"), False),
        (api_error("ThrottlingException"), True),
        (api_error("ExpiredTokenException"), True),
        (api_error("Anything", 503), True),
    ],
)
def test_only_errors_that_say_nothing_of_the_secret_keep_its_keys(
    secret, monkeypatch, error, stays
):
    key = add_key(settings(), "crm")
    keys = secret_keys(settings())
    keys.refresh()
    monkeypatch.setattr(
        "include.api.access.keys.read_entries", lambda settings: fail(error)
    )
    keys.refresh()
    assert keys.name_of(key) == ("crm" if stays else None)


def test_a_key_for_some_contracts_goes_for_these_alone(secret):
    add_key(settings(), "crm")
    add_key(settings(), "partner", ["x_education", "x_education"])
    entry = read_entries(settings())["partner"]
    assert entry["contracts"] == ["x_education"]
    keys = secret_keys(settings())
    keys.refresh()
    assert keys.allows("partner", "x_education")
    assert not keys.allows("partner", "x_educatio")
    assert not keys.allows("partner", "")
    assert keys.allows("crm", "partners")
    assert not keys.allows("nobody", "x_education")


def test_a_later_key_leaves_the_contracts_of_an_earlier_one(secret):
    add_key(settings(), "partner", ["x_education"])
    before = read_entries(settings())["partner"]
    add_key(settings(), "crm")
    assert read_entries(settings())["partner"] == before


@pytest.mark.parametrize(
    "contracts", [["partnres"], [""], [], ["../x_education"]]
)
def test_no_key_is_made_for_a_contract_that_is_not_in_force(secret, contracts):
    with pytest.raises(KeysUnusableError, match="in force are x_education"):
        add_key(settings(), "partner", contracts)


@pytest.mark.parametrize(
    "entry",
    [
        {"hash": "0" * 64},
        {"hash": "0" * 64, "contracts": "partners"},
        {"hash": "0" * 64, "contracts": None},
        {"hash": "0" * 64, "contracts": ["a"], "rate": 1},
        {"hash": "short", "contracts": ["a"]},
        ["0" * 64],
    ],
)
def test_an_entry_of_another_form_makes_the_secret_unusable(secret, entry):
    store(secret, json.dumps({"partner": entry}))
    with pytest.raises(KeysUnusableError, match="not a JSON object"):
        read_entries(settings())
