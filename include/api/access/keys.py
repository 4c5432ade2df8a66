"""Read the API's keys from a secret: names and SHA-256 hashes, again every few minutes; no key itself is stored.

    {"crm": "<hash>", "partners-crm": {"hash": "<hash>", "contracts": ["partners"]}}

A key without a list goes for all contracts. `python -m include.api key NAME` makes one and adds its hash to the secret.
"""

import hmac
import json
import logging
import re
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from include.api.errors import KeysUnusableError
from include.contract import load_contract
from include.contract.in_force import names_in_force
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
Entry = str | Mapping[str, Any]
"""What the secret holds of a key: its hash, or its hash and the contracts that it goes for."""


class Keys:
    """Know the current keys.

    While the secret's store does not answer, the keys read last stay in use for a while. A secret that is deleted,
    denied or of another form locks every caller out at the next refresh: that is how keys are revoked.
    """

    def __init__(
        self,
        read: Callable[[], Mapping[str, Entry]],
        refresh_seconds: float = 120,
        keep_seconds: float = 900,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare to read the keys; nothing is read yet.

        Args:
            read: returns name to entry. KeysUnusableError means that there are none, any other error that the store
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
        self._entries: Refresher[Mapping[str, Entry]] = Refresher(
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
        return self._entries.loaded and not self._locked

    @property
    def failures(self) -> int:
        """Return how often reading has failed since the start."""
        return self._failures

    def name_of(self, key: str) -> str | None:
        """Return the name of a key, None for an unknown one. A wrong key takes as long as a right one."""
        digest = hash_of(key)
        owner = None
        for name, entry in self._entries.value.items():
            if hmac.compare_digest(digest, hash_in(entry)):
                owner = name
        return owner

    def allows(self, name: str, contract: str) -> bool:
        """Return whether the key of a name goes for a contract; one without a list goes for all."""
        entry = self._entries.value.get(name)
        if entry is None:
            return False
        return isinstance(entry, str) or contract in entry["contracts"]

    def refresh(self) -> None:
        """Read the secret once; a failure is logged once and keeps the keys in use."""
        self._entries.refresh()

    def _read(self) -> dict[str, Entry]:
        """Return name to entry; none, and nobody is let in, where the keys read before may no longer be used."""
        try:
            entries = dict(self._source())
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
        return entries

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
        self._entries.start()


def hash_of(key: str) -> str:
    """Return what the secret holds of a key; a key is random, so it needs no salt."""
    content = key.encode("utf-8", "replace")
    return sha256(content).hexdigest()


def hash_in(entry: Entry) -> str:
    """Return the hash of a key, as the secret holds it."""
    return entry if isinstance(entry, str) else str(entry["hash"])


def secret_keys(settings: Settings) -> Keys:
    """Return the keys in the settings' secret, not read yet."""

    def read() -> dict[str, Entry]:
        try:
            return read_entries(settings)
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


def read_entries(settings: Settings) -> dict[str, Entry]:
    """Return name to entry as the settings' secret has them. Raises KeysUnusableError and what boto3 raises."""
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
    if not _is_names_to_entries(content):
        raise KeysUnusableError(
            f"secret {secret} is not a JSON object of key names to SHA-256 hashes in hex, or to "
            '{"hash": …, "contracts": […]}; correct it'
        )
    entries: dict[str, Entry] = content
    return entries


def add_key(
    settings: Settings, name: str, contracts: Sequence[str] | None = None
) -> str:
    """Make a key, add its hash to the secret, which is created if need be, and return it: nobody can read it again.

    Args:
        settings: where the secret is, and which contracts are in force.
        name: of the key.
        contracts: those that it goes for; None means all, those of later too.

    Raises:
        KeysUnusableError: the name is not allowed, there is a key of this name, or a contract is not in force.
    """
    if not NAME.fullmatch(name):
        raise KeysUnusableError(
            "a key's name is up to 64 letters, digits, dots, hyphens or underscores"
        )
    if contracts is not None:
        _check_contracts(settings, contracts)
    client = _client(settings)
    secret = settings.api.keys_secret
    key = secrets.token_urlsafe(32)
    entry: Entry = hash_of(key)
    if contracts is not None:
        entry = {"hash": hash_of(key), "contracts": sorted(set(contracts))}
    try:
        entries = read_entries(settings)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        client.create_secret(
            Name=secret, SecretString=json.dumps({name: entry})
        )
        return key
    if name in entries:
        raise KeysUnusableError(
            f"there is a key {name!r}; take another name, or delete the old one from secret {secret}"
        )
    entries[name] = entry
    client.put_secret_value(SecretId=secret, SecretString=json.dumps(entries))
    return key


def _check_contracts(settings: Settings, contracts: Sequence[str]) -> None:
    """Refuse contracts that are not in force: a key for a misspelt one would open nothing."""
    names = [
        load_contract(settings.contract).contract,
        *names_in_force(settings.contract, settings.contracts_folder)[1:],
    ]
    unknown = sorted(set(contracts) - set(names))
    if unknown or not contracts:
        raise KeysUnusableError(
            f"no contract {', '.join(unknown) or 'is named'}; in force are {', '.join(names)}"
        )


def _is_names_to_entries(content: Any) -> bool:
    if not isinstance(content, dict):
        return False
    for name, value in content.items():
        if not NAME.fullmatch(name):
            return False
        if not _is_entry(value):
            return False
    return True


def _is_entry(value: Any) -> bool:
    """Return whether a value of the secret is a hash, or a hash with a list of contracts."""
    if isinstance(value, str):
        return HASH.fullmatch(value) is not None
    if not isinstance(value, dict) or set(value) != {"hash", "contracts"}:
        return False
    contracts = value["contracts"]
    return (
        isinstance(value["hash"], str)
        and HASH.fullmatch(value["hash"]) is not None
        and isinstance(contracts, list)
        and all(isinstance(name, str) for name in contracts)
    )


def _client(settings: Settings) -> Any:
    return aws_client(
        "secretsmanager",
        settings.region,
        read_timeout=10,
        attempts=3,
    )
