"""Read the API's keys from a secret: names and SHA-256 hashes, again every few minutes; no key itself is stored.

`python -m include.api key NAME` makes one and adds its hash to the secret.
"""

import hmac
import json
import logging
import re
import secrets
import time
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from include.api.errors import KeysUnusableError
from include.lake.aws import aws_client
from include.refresher import Refresher
from include.settings import Settings

log = logging.getLogger(__name__)

DEMO_KEY = "local-demo-key"
"""The key of every local stack; it stands in this repository, so it protects nothing from outside this machine."""
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
HASH = re.compile(r"[0-9a-f]{64}")
FIRST_SECONDS = 5
"""Pause between readings until the keys have been read once."""
EXPECTED = (BotoCoreError, ClientError, KeysUnusableError)
"""What Secrets Manager may do while an API runs."""
AWAY = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "InternalFailure",
        "InternalServiceError",
        "InternalServiceErrorException",
        "RequestExpired",
        "RequestTimeout",
        "RequestTimeoutException",
        "ServiceUnavailable",
        "ServiceUnavailableException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
"""Errors that say nothing of the secret; any other one means that it is gone, or that this API may not read it."""


class Keys:
    """Know the current keys.

    While the secret's store does not answer, the keys read last stay in use for a while. A secret that is deleted,
    denied or of another form locks every caller out at the next refresh: that is how keys are revoked.
    """

    def __init__(
        self,
        read: Callable[[], Mapping[str, str]],
        refresh_seconds: float = 120,
        keep_seconds: float = 900,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare to read the keys; nothing is read yet.

        Args:
            read: returns name to hash. KeysUnusableError means that there are none, any other error that the store
                is away.
            refresh_seconds: between two readings.
            keep_seconds: how long the keys read last stay in use while the store is away.
            clock: returns seconds.
        """
        self._source = read
        self._keep_seconds = keep_seconds
        self._clock = clock
        self._read_at: float | None = None
        self._locked = False
        self._failures = 0
        self._hashes: Refresher[Mapping[str, str]] = Refresher(
            "API keys",
            self._read,
            {},
            refresh_seconds,
            EXPECTED,
            retry_seconds=min(FIRST_SECONDS, refresh_seconds),
        )

    @property
    def loaded(self) -> bool:
        """Return whether there are keys in use: they have been read, and nobody is locked out."""
        return self._hashes.loaded and not self._locked

    @property
    def failures(self) -> int:
        """Return how often reading has failed since the start."""
        return self._failures

    def name_of(self, key: str) -> str | None:
        """Return the name of a key, None for an unknown one. A wrong key takes as long as a right one."""
        digest = hash_of(key)
        owner = None
        for name, stored in self._hashes.value.items():
            if hmac.compare_digest(digest, stored):
                owner = name
        return owner

    def refresh(self) -> None:
        """Read the secret once; a failure is logged once and keeps the keys in use."""
        self._hashes.refresh()

    def _read(self) -> dict[str, str]:
        """Return name to hash; none, and nobody is let in, where the keys read before may no longer be used."""
        try:
            hashes = dict(self._source())
        except Exception as error:
            self._failures += 1
            if self._read_at is None or not self._ends(error, self._read_at):
                raise
            self._lock_out(error)
            return {}
        if self._locked:
            log.warning("API keys can be read again: callers are let in")
        self._locked = False
        self._read_at = self._clock()
        return hashes

    def _ends(self, error: Exception, read_at: float) -> bool:
        """Return whether an error ends the use of the keys read before."""
        if isinstance(error, KeysUnusableError):
            return True
        return self._clock() - read_at > self._keep_seconds

    def _lock_out(self, error: Exception) -> None:
        """Let nobody in, and say so once."""
        if self._locked:
            return
        self._locked = True
        problem = type(error).__name__
        if isinstance(error, KeysUnusableError):
            problem = str(error)
        log.error(
            "API keys cannot be read, every caller is locked out until they can: %s",
            problem,
        )

    def start(self) -> None:
        """Begin to read the secret in a daemon thread, at once and then at every interval."""
        self._hashes.start()


def hash_of(key: str) -> str:
    """Return what the secret holds of a key; a key is random, so it needs no salt."""
    content = key.encode("utf-8", "replace")
    return sha256(content).hexdigest()


def secret_keys(settings: Settings) -> Keys:
    """Return the keys in the settings' secret, not read yet."""

    def read() -> dict[str, str]:
        try:
            return read_hashes(settings)
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            metadata = error.response.get("ResponseMetadata", {})
            if code in AWAY or metadata.get("HTTPStatusCode", 0) >= 500:
                raise
            raise KeysUnusableError(
                f"{code} for secret {settings.api.keys_secret}; `python -m include.api key NAME` creates it"
            ) from error

    return Keys(
        read,
        settings.api.keys_refresh_seconds,
        settings.api.keys_keep_seconds,
    )


def read_hashes(settings: Settings) -> dict[str, str]:
    """Return name to hash as the settings' secret has them. Raises KeysUnusableError and what boto3 raises."""
    secret = settings.api.keys_secret
    text = (
        _client(settings)
        .get_secret_value(SecretId=secret)
        .get("SecretString", "")
    )
    try:
        content = json.loads(text)
    except ValueError:
        content = None
    if not _is_names_to_hashes(content):
        raise KeysUnusableError(
            f"secret {secret} is not a JSON object of key names to SHA-256 hashes in hex; correct it"
        )
    hashes: dict[str, str] = content
    return hashes


def add_key(settings: Settings, name: str) -> str:
    """Make a key, add its hash to the secret, which is created if need be, and return it: nobody can read it again.

    Raises:
        KeysUnusableError: the name is not allowed, or there is a key of this name.
    """
    if not NAME.fullmatch(name):
        raise KeysUnusableError(
            "a key's name is up to 64 letters, digits, dots, hyphens or underscores"
        )
    client = _client(settings)
    secret = settings.api.keys_secret
    key = secrets.token_urlsafe(32)
    try:
        hashes = read_hashes(settings)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        client.create_secret(
            Name=secret, SecretString=json.dumps({name: hash_of(key)})
        )
        return key
    if name in hashes:
        raise KeysUnusableError(
            f"there is a key {name!r}; take another name, or delete the old one from secret {secret}"
        )
    hashes[name] = hash_of(key)
    client.put_secret_value(SecretId=secret, SecretString=json.dumps(hashes))
    return key


def _is_names_to_hashes(content: Any) -> bool:
    if not isinstance(content, dict):
        return False
    for name, value in content.items():
        if not NAME.fullmatch(name):
            return False
        if not isinstance(value, str) or not HASH.fullmatch(value):
            return False
    return True


def _client(settings: Settings) -> Any:
    return aws_client(
        "secretsmanager",
        settings.region,
        read_timeout=10,
        attempts=3,
    )
