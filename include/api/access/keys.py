"""The API's keys: names and SHA-256 hashes from a secret, read again every few minutes; no key itself is kept.

`python -m include.api key NAME` makes one and adds its hash to the secret.
"""

import hmac
import json
import logging
import re
import secrets
import threading
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from include.api.errors import KeysUnusableError
from include.lake.aws import aws_client
from include.settings import settings

log = logging.getLogger(__name__)

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
HASH = re.compile(r"[0-9a-f]{64}")


class Keys:
    """The keys of the moment. Those once read stay until others are, whatever the secret's store does."""

    def __init__(self, read: Callable[[], Mapping[str, str]], refresh_seconds: float = 120) -> None:
        """`read` gives name to hash, and is asked at every `refresh`."""
        self._read, self._refresh_seconds = read, refresh_seconds
        self._hashes: dict[str, str] | None = None
        self._problem = "the secret has not been read yet"
        self._stop = threading.Event()

    @property
    def loaded(self) -> bool:
        """Whether the keys have been read once."""
        return self._hashes is not None

    @property
    def problem(self) -> str:
        """Why the last look at the secret failed; empty when it went well."""
        return self._problem

    def name_of(self, key: str) -> str | None:
        """Name of a key, None for one that nobody has. Takes as long for a wrong key as for a right one."""
        given, found = hash_of(key), None
        for name, kept in (self._hashes or {}).items():
            if hmac.compare_digest(given, kept):
                found = name
        return found

    def refresh(self) -> None:
        """Reads the secret once; a failure is logged once and keeps the keys in use."""
        try:
            self._hashes, self._problem = dict(self._read()), ""
        except (BotoCoreError, ClientError, KeysUnusableError) as error:
            if (problem := _words(error)) != self._problem:
                log.warning("Keys not refreshed, %d in use: %s", len(self._hashes or {}), problem)
            self._problem = problem

    def start(self) -> None:
        """Begins to read the secret in a daemon thread, at once and then at every interval."""
        threading.Thread(target=self._poll, name="keys-poll", daemon=True).start()

    def stop(self) -> None:
        """Ends the background thread at its next turn."""
        self._stop.set()

    def _poll(self) -> None:
        self.refresh()
        while not self._stop.wait(self._refresh_seconds if self.loaded else min(5, self._refresh_seconds)):
            self.refresh()


def hash_of(key: str) -> str:
    """What the secret holds of a key; a key is random, so it needs no salt."""
    return sha256(key.encode("utf-8", "replace")).hexdigest()


def secret_keys() -> Keys:
    """The keys in the settings' secret."""
    return Keys(read_hashes, settings().api.keys_refresh_seconds)


def read_hashes() -> dict[str, str]:
    """Name to hash as the settings' secret has them. Raises KeysUnusableError and what boto3 raises."""
    name = settings().api.keys_secret
    text = _client().get_secret_value(SecretId=name).get("SecretString", "")
    try:
        content = json.loads(text)
    except ValueError:
        content = None
    if not isinstance(content, dict) or not all(
        NAME.fullmatch(key) and isinstance(value, str) and HASH.fullmatch(value) for key, value in content.items()
    ):
        raise KeysUnusableError(f"secret {name} is not a JSON object of key names to SHA-256 hashes in hex; correct it")
    return content


def add_key(name: str) -> str:
    """Makes a key, adds its hash to the secret, which is created if need be, and returns it: nobody can read it again.

    Raises:
        KeysUnusableError: the name is not one, or there is a key of this name.
    """
    if not NAME.fullmatch(name):
        raise KeysUnusableError("a key's name is up to 64 letters, digits, dots, hyphens or underscores")
    client, secret = _client(), settings().api.keys_secret
    key = secrets.token_urlsafe(32)
    try:
        hashes = read_hashes()
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        client.create_secret(Name=secret, SecretString=json.dumps({name: hash_of(key)}))
        return key
    if name in hashes:
        raise KeysUnusableError(
            f"there is a key {name!r}; take another name, or delete the old one from secret {secret}"
        )
    client.put_secret_value(SecretId=secret, SecretString=json.dumps(hashes | {name: hash_of(key)}))
    return key


def _client() -> Any:
    return aws_client("secretsmanager", settings().region, read_timeout=10, attempts=3)


def _words(error: Exception) -> str:
    if isinstance(error, ClientError):
        code = error.response.get("Error", {}).get("Code", "")
        return f"{code} for secret {settings().api.keys_secret}; `python -m include.api key NAME` creates it"
    return str(error)
