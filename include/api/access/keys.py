"""Read the API's keys from a secret: names and SHA-256 hashes, again every few minutes; no key itself is stored.

`python -m include.api key NAME` makes one and adds its hash to the secret.
"""

import hmac
import json
import re
import secrets
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from include.api.errors import KeysUnusableError
from include.lake.aws import aws_client
from include.refresher import Refresher
from include.settings import Settings

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
HASH = re.compile(r"[0-9a-f]{64}")
FIRST_SECONDS = 5
"""Pause between readings until the keys have been read once."""
EXPECTED = (BotoCoreError, ClientError, KeysUnusableError)
"""What Secrets Manager may do while an API runs."""


class Keys:
    """Know the current keys. They stay in use until others have been read, whatever the secret's store does."""

    def __init__(
        self,
        read: Callable[[], Mapping[str, str]],
        refresh_seconds: float = 120,
    ) -> None:
        """Prepare to read name to hash by `read`, which is called at every `refresh`."""
        self._hashes: Refresher[Mapping[str, str]] = Refresher(
            "API keys",
            lambda: dict(read()),
            {},
            refresh_seconds,
            EXPECTED,
            retry_seconds=min(FIRST_SECONDS, refresh_seconds),
        )

    @property
    def loaded(self) -> bool:
        """Return whether the keys have been read once."""
        return self._hashes.loaded

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
            raise KeysUnusableError(
                f"{code} for secret {settings.api.keys_secret}; `python -m include.api key NAME` creates it"
            ) from error

    return Keys(read, settings.api.keys_refresh_seconds)


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
