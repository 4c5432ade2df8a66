"""Normalise one spelling of an e-mail address, a phone number or an id, so that equal text means an equal key.

A spelling that is no key has a named problem. Nothing is guessed: a typo stays another key.

    rules = SpellingRules(region="DE", dotless_domains=frozenset({"gmail.com"}))
    normal_email("Ada.Byron+news@GMail.com", rules).value    # "adabyron@gmail.com"
    normal_phone("0151 23456789", rules).value               # "+4915123456789"
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

from include.contract.text import clean_text

LOCAL_LENGTH = 64
"""Characters before the @ (RFC 5321, 4.5.3.1.1)."""
ADDRESS_LENGTH = 254
"""Characters of an address (RFC 5321, erratum 1690 of RFC 3696)."""
DOMAIN_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
LOCAL_PART = re.compile(r"[\w!#$%&'*+/=?^`{|}~.-]+")
"""Characters of an unquoted local part (RFC 5322, 3.2.3), letters of every script among them (RFC 6531)."""
SPREADSHEET_NUMBER = re.compile(r"\d+([.,]\d+)?E\+?\d+", re.IGNORECASE)
DECIMAL_ZERO = re.compile(r"(\+?\d{7,})\.0")
SEVERAL = re.compile(r"[;|\n]|,\s*[+0]|\s/\s*[+0]")
"""Signs between two numbers in one cell; a slash alone stands inside of German numbers."""
LETTERS = re.compile(r"[a-z]", re.IGNORECASE)
EXTENSION = re.compile(r"(ext|extn|extension|x)\.?\s*\d+$", re.IGNORECASE)
SEPARATED = re.compile(r"\+?([ ()-]*[0-9]){7,}", re.ASCII)
"""A number of digits with white space, brackets and hyphens between them, which mean nothing."""
WITHOUT_SEPARATORS = str.maketrans("", "", " ()-")
CACHED_DOMAINS = 2**16
"""Millions of addresses share few domains."""


class NormalKey(NamedTuple):
    """A normalised key: a value, or None and the reason.

    Attributes:
        value: equal for every spelling of the same key; None if the cell is empty or no key.
        problem: why the cell is no key; empty for an empty cell.
    """

    value: str | None
    problem: str = ""


EMPTY = NormalKey(None)


@dataclass(frozen=True)
class SpellingRules:
    """What the declaration says of spellings.

    Attributes:
        region: two letters (ISO 3166) of the country of phone numbers without a country code; None refuses those.
        dotless_domains: domains whose mail servers ignore dots before the @.
        domain_aliases: domain to the domain that it is another name of.
        role_names: local parts that never belong to one person, such as info.
    """

    region: str | None = None
    dotless_domains: frozenset[str] = frozenset()
    domain_aliases: Mapping[str, str] = field(default_factory=dict)
    role_names: frozenset[str] = frozenset()


def normal_id(text: str, rules: SpellingRules) -> NormalKey:
    """Return an id as it is: case counts, invisible characters and outer white space do not."""
    return NormalKey(clean_text(text) or None)


def normal_email(text: str, rules: SpellingRules) -> NormalKey:
    """Return an address in lower case without tag, and without dots where its provider ignores them.

    Display names, `mailto:` and a full stop at the end are left out. Unicode's compatible forms count as the plain
    ones (NFKC). A domain is written in ASCII (IDNA). The part behind the first + is a tag.
    """
    address = _bare_address(text)
    if not address:
        return EMPTY
    if address.count("@") == 0:
        return NormalKey(None, "no_at")
    if address.count("@") > 1:
        return NormalKey(None, "several_at")
    local, _, domain_text = address.partition("@")
    domain = _normal_domain(domain_text)
    if domain is None:
        return NormalKey(None, "domain")
    domain = rules.domain_aliases.get(domain, domain)
    local = local.split("+", 1)[0]
    if domain in rules.dotless_domains:
        local = local.replace(".", "")
    problem = _local_problem(local, rules)
    if problem:
        return NormalKey(None, problem)
    normal = f"{local}@{domain}"
    if len(normal) > ADDRESS_LENGTH:
        return NormalKey(None, "too_long")
    return NormalKey(normal)


def _bare_address(text: str) -> str:
    """Return the address in lower case, without what mail programs write around it."""
    address = clean_text(text)
    if not address.isascii():
        address = unicodedata.normalize("NFKC", address)
        address = clean_text(address)
    if address.endswith(">") and "<" in address:
        address = address[address.rindex("<") + 1 : -1]
    address = address.strip().lower()
    return address.removeprefix("mailto:").strip()


@lru_cache(maxsize=CACHED_DOMAINS)
def _normal_domain(text: str) -> str | None:
    """Return a domain in ASCII, or None if no mail can go there."""
    domain = text.removesuffix(".")
    if not domain.isascii():
        try:
            domain = domain.encode("idna").decode("ascii")
        except UnicodeError:
            return None
    labels = domain.split(".")
    if len(labels) < 2:
        return None
    if not all(DOMAIN_LABEL.fullmatch(label) for label in labels):
        return None
    if labels[-1].isdigit():
        return None
    return domain


def _local_problem(local: str, rules: SpellingRules) -> str:
    """Return why the part before the @, without its tag, is none; empty if it is one."""
    if not local:
        return "no_name"
    if len(local) > LOCAL_LENGTH:
        return "too_long"
    if not LOCAL_PART.fullmatch(local):
        return "characters"
    if local.startswith(".") or local.endswith(".") or ".." in local:
        return "dots"
    if local in rules.role_names:
        return "role"
    return ""


def normal_phone(text: str, rules: SpellingRules) -> NormalKey:
    """Return a phone number in E.164, with `;ext=` and the extension if it has one.

    An extension is part of the key, as the number without it is a switchboard. A number without country code is one of
    the declared region. Numbers that no one can have, by the library's plans, are no keys.
    """
    number = clean_text(text)
    number = number.removeprefix("tel:")
    if not number:
        return EMPTY
    if SPREADSHEET_NUMBER.fullmatch(number):
        return NormalKey(None, "spreadsheet")
    if SEVERAL.search(number) and ";ext=" not in number:
        return NormalKey(None, "several_numbers")
    decimal = DECIMAL_ZERO.fullmatch(number)
    if decimal:
        number = decimal.group(1)
    if LETTERS.search(number) and not _has_extension(number):
        return NormalKey(None, "letters")
    if SEPARATED.fullmatch(number):
        number = number.translate(WITHOUT_SEPARATORS)
    return _e164(number, rules.region)


def _has_extension(number: str) -> bool:
    return ";ext=" in number or EXTENSION.search(number) is not None


def _e164(number: str, region: str | None) -> NormalKey:
    """Return a number in E.164 as the library reads it."""
    # The scoring API reads contracts with identities, and no number: it goes without the library.
    import phonenumbers

    try:
        parsed = phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException as error:
        if error.error_type == error.INVALID_COUNTRY_CODE:
            return NormalKey(None, "no_country")
        return NormalKey(None, "no_number")
    if not phonenumbers.is_valid_number(parsed):
        return NormalKey(None, "invalid_number")
    e164 = phonenumbers.PhoneNumberFormat.E164
    value = phonenumbers.format_number(parsed, e164)
    if parsed.extension:
        value = f"{value};ext={parsed.extension}"
    return NormalKey(value)


Normaliser = Callable[[str, SpellingRules], NormalKey]

NORMALISERS: Mapping[str, Normaliser] = MappingProxyType(
    {"id": normal_id, "email": normal_email, "phone": normal_phone}
)
"""What normalises a key, by its kind."""
