"""Draw how each person is called in each system: addresses, phones and record ids, and how they are misspelt.

All e-mail addresses lie under example.com. Phones are in ranges that no carrier gives out (exchange 555 in North
America, a local number that opens with 0 elsewhere): the `phonenumbers` library parses them and calls them possible,
but not always valid.
"""

from dataclasses import dataclass

import numpy as np

from demo.story.dates import Bools, Floats, Ints, Objects
from demo.story.population import People

FIRST_NAMES = np.array(
    [
        "Anna",
        "Ben",
        "Carla",
        "David",
        "Elena",
        "Farid",
        "Grace",
        "Hugo",
        "Ines",
        "Jonas",
        "Kavya",
        "Liam",
        "Maria",
        "Noah",
        "Olga",
        "Pedro",
        "Quinn",
        "Rosa",
        "Samuel",
        "Tara",
        "Umar",
        "Vera",
        "Wei",
        "Ximena",
        "Yusuf",
        "Zoe",
        "Zoë",
        "Jürgen",
    ]
)
LAST_NAMES = np.array(
    [
        "Almeida",
        "Baker",
        "Chen",
        "Dubois",
        "Evans",
        "Fischer",
        "Garcia",
        "Hoang",
        "Ivanova",
        "Jones",
        "Kumar",
        "Lopez",
        "Meyer",
        "Nguyen",
        "Okafor",
        "Patel",
        "Quist",
        "Rossi",
        "Schmidt",
        "Tanaka",
        "Ueda",
        "Vargas",
        "Weber",
        "Xu",
        "Young",
        "Zhang",
        "O'Neill",
        "Müller",
    ]
)
COMPANY_STEMS = np.array(
    [
        "Acorn",
        "Beacon",
        "Cedar",
        "Delta",
        "Ember",
        "Falcon",
        "Granite",
        "Harbor",
        "Iris",
        "Juniper",
        "Kestrel",
        "Lumen",
        "Maple",
        "Nimbus",
        "Orchid",
        "Pioneer",
        "Quartz",
        "Ridge",
        "Summit",
        "Tidal",
        "Umbra",
        "Vector",
        "Willow",
        "Xenon",
        "Yarrow",
        "Zephyr",
    ]
)
COMPANY_FORMS = np.array(
    ["Group", "Labs", "Partners, Inc.", "GmbH & Co. KG", "Ltd", "Systems"]
)
FREE_MAIL = "freemail.example.com"
"""A provider of private mailboxes that ignores dots before the @."""
WALK_IN_EMAIL = "walk-in@example.com"
"""What the staff of a fair types for leads without an address."""
WALK_IN_SHARE = 0.003
SHARED_INBOX_SHARES = np.array([0.02, 0.15])
"""Of people of usual companies, and of giants."""
SWITCHBOARD_SHARES = np.array([0.05, 0.4])
"""Of people of usual companies, and of giants."""
NO_PHONE_SHARE = 0.12
TYPO_SHARE = 0.012
"""In each system, so many people have a misspelt address."""
DUPLICATE_SHARE = 0.06
OTHER_ADDRESS_SHARE = 0.4
"""Of duplicates, so many are under another address: the phone links them, where there is one."""
MERGED_SHARE = 0.7
"""Of duplicates, so many are merged in the CRM."""
SPELLING_SHARES = np.array([0.84, 0.04, 0.05, 0.04, 0.03])
"""As it is, in capitals, with a capital first letter, with a plus-tag, without dots."""
TYPO = 5
"""The position of the misspelt address among the spellings."""
SPELLINGS = 6
PHONE_SPELLINGS = 5
SYSTEMS = ("crm", "marketing", "applications")
PHONE_NUMBERS = 7_000_000

DIAL_CODES = np.array(["1", "1", "44", "49", "33", "91", "61", "55"])
EXIT_CODES = np.array(["011", "011", "00", "00", "00", "00", "0011", "+"])
"""What a caller in the country dials before a foreign country's code; Brazil's depends on the carrier."""
AREA_CODES = np.array(["", "", "200", "300", "10", "500", "20", "110"])


@dataclass(frozen=True)
class Duplicates:
    """Second records of people in the CRM. `person` is the position in the cell.

    `emails` are the spellings of the second record's address. Where `merged`, one of the two records survives:
    the second one where `survives`.
    """

    person: Ints
    lead_ids: Objects
    emails: Objects
    days_later: Floats
    merged: Bools
    merge_days: Floats
    survives: Bools


@dataclass(frozen=True)
class Identities:
    """Names of the people of a cell.

    `emails` has shape (people, 6), `phones` (people, 5): spellings of the same address and number. A person without a
    phone has empty texts. `typos` says for each system whose address is misspelt there.
    """

    lead_ids: Objects
    first_names: Objects
    last_names: Objects
    companies: Objects
    emails: Objects
    phones: Objects
    typos: dict[str, Bools]
    duplicates: Duplicates


def draw_identities(
    people: People, seed: int, rng: np.random.Generator
) -> Identities:
    """Draw the names, addresses, numbers and ids of people."""
    size = len(people.number)
    first_names = rng.choice(FIRST_NAMES, size)
    last_names = rng.choice(LAST_NAMES, size)
    local_parts = _local_parts(first_names, last_names, people.number)
    domains = _domains(people)
    emails = _spell_emails(local_parts, domains)
    shared = rng.random(size) < _by_account(people, SHARED_INBOX_SHARES)
    shared &= ~people.personal_mail
    inboxes = _texts("info@c", people.account, ".example.com")
    _replace_address(emails, shared, inboxes)
    walk_ins = rng.random(size) < WALK_IN_SHARE
    _replace_address(emails, walk_ins, np.full(size, WALK_IN_EMAIL, object))
    named = ~shared & ~walk_ins
    typos = {}
    for system in SYSTEMS:
        typos[system] = named & (rng.random(size) < TYPO_SHARE)
    return Identities(
        lead_ids=lead_ids(people.number * 2, seed),
        first_names=first_names.astype(object),
        last_names=last_names.astype(object),
        companies=_companies(people.account),
        emails=emails,
        phones=_draw_phones(people, rng),
        typos=typos,
        duplicates=_draw_duplicates(people, emails, local_parts, seed, rng),
    )


def lead_ids(numbers: Ints, seed: int) -> Objects:
    """Return ids of CRM records that tell nothing of the person: no two numbers below 2³² share one."""
    start = (seed * 7_919) % 2**32
    mixed = (numbers * 2_654_435_761 + start) % 2**32
    return _texts("L", mixed, "", width=10)


def choose_emails(
    identities: Identities, system: str, person: Ints, rng: np.random.Generator
) -> Objects:
    """Draw how a system spells the address in each row.

    Args:
        identities: Names of the people of the cell.
        system: One of `SYSTEMS`.
        person: Position of each row's person in the cell.
        rng: Source of randomness.
    """
    spelling = _draw_spellings(len(person), rng)
    misspelt = identities.typos[system][person]
    spelling = np.where(misspelt, TYPO, spelling)
    return np.asarray(identities.emails[person, spelling])


def _draw_spellings(size: int, rng: np.random.Generator) -> Ints:
    spellings = len(SPELLING_SHARES)
    return rng.choice(spellings, size, p=SPELLING_SHARES)


def choose_phones(
    identities: Identities, person: Ints, rng: np.random.Generator
) -> Objects:
    """Draw how the number is spelt in each row."""
    spelling = rng.integers(0, PHONE_SPELLINGS, len(person))
    return np.asarray(identities.phones[person, spelling])


def _by_account(people: People, shares: Floats) -> Floats:
    groups = people.of_giant.astype(np.int64)
    return np.asarray(shares[groups])


def _texts(before: str, numbers: Ints, behind: str, width: int = 1) -> Objects:
    """Return `before`, a number with leading zeros, and `behind`, for each number."""
    texts = []
    for number in numbers:
        digits = str(number).zfill(width)
        texts.append(before + digits + behind)
    return np.array(texts, dtype=object)


def _local_parts(first: Objects, last: Objects, numbers: Ints) -> list[str]:
    """Return what stands before the @; the number makes it unlike every other person's."""
    ascii_names = str.maketrans({"ë": "e", "ü": "ue", "'": None})
    names = zip(first.tolist(), last.tolist(), numbers.tolist(), strict=True)
    parts = []
    for first_name, last_name, number in names:
        text = f"{first_name}.{last_name}{number}"
        parts.append(text.lower().translate(ascii_names))
    return parts


def _domains(people: People) -> list[str]:
    domains = []
    rows = zip(
        people.personal_mail.tolist(), people.account.tolist(), strict=True
    )
    for personal, account in rows:
        domain = FREE_MAIL if personal else f"c{account}.example.com"
        domains.append(domain)
    return domains


def _spell_emails(local_parts: list[str], domains: list[str]) -> Objects:
    """Return the spellings of each address, shape (people, 6); the last one is misspelt."""
    emails = np.empty((len(local_parts), SPELLINGS), dtype=object)
    for row, (local, domain) in enumerate(
        zip(local_parts, domains, strict=True)
    ):
        address = f"{local}@{domain}"
        no_dots = local.replace(".", "") if domain == FREE_MAIL else local
        emails[row] = (
            address,
            address.upper(),
            address[0].upper() + address[1:],
            f"{local}+news@{domain}",
            f"{no_dots}@{domain}",
            f"{local[0]}{local[2]}{local[1]}{local[3:]}@{domain}",
        )
    return emails


def _replace_address(emails: Objects, rows: Bools, addresses: Objects) -> None:
    """Put one address, in lower and upper case, in place of all spellings of some rows."""
    chosen = addresses[rows]
    emails[rows] = chosen[:, None]
    emails[rows, 1] = [address.upper() for address in chosen]


def _companies(accounts: Ints) -> Objects:
    """Return a company's name for each account, with the account's number, so that no two are alike."""
    names = []
    for account in accounts.tolist():
        stem = COMPANY_STEMS[account % len(COMPANY_STEMS)]
        form = COMPANY_FORMS[account // 7 % len(COMPANY_FORMS)]
        names.append(f"{stem} {account} {form}")
    return np.array(names, dtype=object)


def _draw_phones(people: People, rng: np.random.Generator) -> Objects:
    """Draw the spellings of each person's number, shape (people, 5)."""
    size = len(people.number)
    share = _by_account(people, SWITCHBOARD_SHARES)
    switchboard = rng.random(size) < share
    missing = rng.random(size) < NO_PHONE_SHARE
    numbers = np.where(
        switchboard, PHONE_NUMBERS - 1 - people.account, people.number
    )
    phones = np.empty((size, PHONE_SPELLINGS), dtype=object)
    rows = zip(numbers.tolist(), people.country.tolist(), strict=True)
    for row, (number, country) in enumerate(rows):
        phones[row] = spell_phone(number, country)
    phones[missing] = ""
    return phones


def spell_phone(number: int, country: int) -> tuple[str, str, str, str, str]:
    """Return five spellings of a phone number; the first one is E.164.

    Args:
        number: 0 to `PHONE_NUMBERS - 1`; each gives another number in a country.
        country: Position in `COUNTRIES`.
    """
    code = str(DIAL_CODES[country])
    if code == "1":
        area = str(201 + number // 10_000)
        line = f"{number % 10_000:04d}"
        return (
            f"+1{area}555{line}",
            f"+1 {area}-555-{line}",
            f"1 ({area}) 555-{line}",
            f"({area}) 555-{line}",
            f"tel:+1-{area}-555-{line}",
        )
    area = str(AREA_CODES[country])
    line = f"{number:07d}"
    return (
        f"+{code}{area}{line}",
        f"+{code} {area} {line[:3]}-{line[3:]}",
        f"{EXIT_CODES[country]}{code}{area}{line}",
        f"(0{area}) {line[:3]} {line[3:]}",
        f"tel:+{code}-{area}-{line}",
    )


def _draw_duplicates(
    people: People,
    emails: Objects,
    local_parts: list[str],
    seed: int,
    rng: np.random.Generator,
) -> Duplicates:
    """Draw the second records of some people."""
    size = len(people.number)
    person = np.flatnonzero(rng.random(size) < DUPLICATE_SHARE)
    others = _spell_emails(
        [local_parts[position] for position in person],
        _other_domains(people, person),
    )
    other = rng.random(len(person)) < OTHER_ADDRESS_SHARE
    spellings = np.where(other[:, None], others, emails[person])
    spelling = _draw_spellings(len(person), rng)
    return Duplicates(
        person=person,
        lead_ids=lead_ids(people.number[person] * 2 + 1, seed),
        emails=spellings[np.arange(len(person)), spelling],
        days_later=rng.uniform(0.01, 30.0, len(person)),
        merged=rng.random(len(person)) < MERGED_SHARE,
        merge_days=rng.uniform(1.0, 20.0, len(person)),
        survives=rng.random(len(person)) < 0.2,
    )


def _other_domains(people: People, person: Ints) -> list[str]:
    """Return the company's domain for those who came with private mail, and private mail for the others."""
    domains = []
    for position in person:
        account = people.account[position]
        company = f"c{account}.example.com"
        personal = people.personal_mail[position]
        domains.append(company if personal else FREE_MAIL)
    return domains
