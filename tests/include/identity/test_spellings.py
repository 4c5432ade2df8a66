import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.identity.spellings import (
    NORMALISERS,
    NormalKey,
    SpellingRules,
    normal_email,
    normal_id,
    normal_phone,
)

RULES = SpellingRules(
    region="DE",
    dotless_domains=frozenset({"gmail.com", "dotless.example.com"}),
    domain_aliases={"googlemail.com": "gmail.com"},
    role_names=frozenset({"info"}),
)


@pytest.mark.parametrize(
    "text",
    [
        "ada.byron@example.com",
        "  Ada.Byron@EXAMPLE.com ",
        "ada.byron+news@example.com",
        "ada.byron+news+2026@example.com",
        "Ada Byron <ada.byron@example.com>",
        "mailto:ada.byron@example.com",
        "ada.byron@example.com.",
        "ada.byron@exam\u200bple.com",
        "\ufeffada.byron@example.com\u00a0",
        "ada\u00ad.byron@example.com",
        "ada.byron\uff20example.com",
        "\uff41da.byron@example.com",
    ],
)
def test_spellings_of_one_address_are_one_key(text):
    assert normal_email(text, RULES) == NormalKey("ada.byron@example.com")


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("ada.byron@example.com", "adabyron@example.com"),
        ("ada@example.com", "adda@example.com"),
        ("ada@example.com", "ada@example.org"),
        ("ada@example.com", "\u0430da@example.com"),  # a Cyrillic letter
    ],
)
def test_other_addresses_are_other_keys(left, right):
    assert normal_email(left, RULES).value != normal_email(right, RULES).value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("A.d.a.Byron+x@dotless.example.com", "adabyron@dotless.example.com"),
        ("Ada.Byron@GoogleMail.com", "adabyron@gmail.com"),
        ("ada@b\u00fccher.example.com", "ada@xn--bcher-kva.example.com"),
        ("ada@bu\u0308cher.example.com", "ada@xn--bcher-kva.example.com"),
        ("ad\u00e1@example.com", "ad\u00e1@example.com"),
        ("ada'o_b%c@example.com", "ada'o_b%c@example.com"),
    ],
)
def test_an_address_follows_its_domain(text, value):
    assert normal_email(text, RULES).value == value


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("ada", "no_at"),
        ("n/a", "no_at"),
        ("ada@b@example.com", "several_at"),
        ("ada@example.com; bo@example.com", "several_at"),
        ("@example.com", "no_name"),
        ("+news@example.com", "no_name"),
        ("ada@", "domain"),
        ("ada@localhost", "domain"),
        ("ada@example..com", "domain"),
        ("ada@-example.com", "domain"),
        ("ada@exam ple.com", "domain"),
        ("ada@10.0.0.1", "domain"),
        ("ada@" + "\u00e4" * 80 + ".com", "domain"),
        ("ada byron@example.com", "characters"),
        ('"ada"@example.com', "characters"),
        (".ada@example.com", "dots"),
        ("ada..byron@example.com", "dots"),
        ("a" * 65 + "@example.com", "too_long"),
        ("ada@" + ".".join(["b" * 60] * 5), "too_long"),
        ("INFO+x@example.com", "role"),
    ],
)
def test_a_text_that_is_no_address_says_why(text, problem):
    assert normal_email(text, RULES) == NormalKey(None, problem)


@pytest.mark.parametrize(
    "text",
    [
        "+49 30 901820",
        "0049 30 901820",
        "030 901820",
        "030/901820",
        "(030) 90 18-20",
        "+49 (0)30 901820",
        "\u200e+49\u00a030\u00a0901820\u202c",
        "\uff0b49 30 901820",
        "tel:+49-30-901820",
        "+4930901820.0",
        "030 90\u200b1820",
    ],
)
def test_spellings_of_one_number_are_one_key(text):
    assert normal_phone(text, RULES) == NormalKey("+4930901820")


@pytest.mark.parametrize(
    "text",
    [
        "+49 30 901820 ext. 5",
        "030 901820 x5",
        "tel:+49-30-901820;ext=5",
    ],
)
def test_an_extension_is_part_of_the_key(text):
    assert normal_phone(text, RULES) == NormalKey("+4930901820;ext=5")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("4.9309E+11", "spreadsheet"),
        ("030 901820; 030 901821", "several_numbers"),
        ("030 901820 / 030 901821", "several_numbers"),
        ("n/a", "letters"),
        ("1-800-FLOWERS", "letters"),
        ("-", "no_number"),
        ("+999 123456", "no_country"),
        ("0000000", "invalid_number"),
        ("12", "invalid_number"),
        ("030 9018201234567890", "no_number"),
    ],
)
def test_a_text_that_is_no_number_says_why(text, problem):
    assert normal_phone(text, RULES) == NormalKey(None, problem)


def test_a_number_without_a_country_needs_a_region():
    assert normal_phone("030 901820", SpellingRules()).problem == "no_country"
    american = normal_phone("(202) 555-0123", SpellingRules(region="US"))
    assert american.value == "+12025550123"


def test_an_id_is_taken_as_it_is():
    assert normal_id(" 00aB-7\u200b ", RULES) == NormalKey("00aB-7")


@pytest.mark.parametrize("kind", list(NORMALISERS))
@pytest.mark.parametrize("text", ["", "  ", "\u200b"])
def test_an_empty_cell_is_no_key_and_no_problem(kind, text):
    assert NORMALISERS[kind](text, RULES) == NormalKey(None, "")


@pytest.mark.parametrize("kind", list(NORMALISERS))
@given(text=st.text(max_size=40) | st.from_regex(r"[\w.+@ ()/;-]{1,30}"))
def test_a_normal_key_is_normal(kind, text):
    value, problem = NORMALISERS[kind](text, RULES)
    assert value is None or not problem
    if value is not None:
        assert NORMALISERS[kind](value, RULES).value == value


@pytest.mark.parametrize("region", ["DE", "US"])
@pytest.mark.parametrize(
    "text",
    [
        "+49 (0)30 90-18-20",
        "0 3 0 9 0 1 8 2 0",
        "(202) 555-0123",
        "+1-202-555-0123",
        "+1 ((202)) 555--0123",
        "0049 30 901820",
        "011 49 30 901820",
        "030 90",
    ],
)
def test_the_library_reads_a_number_without_separators_as_with_them(
    text, region
):
    """Numbers are read once for all their spellings, so the spelling must not matter to the library either."""
    key = normal_phone(text, SpellingRules(region=region))
    number = phonenumbers.parse(text, region)
    valid = phonenumbers.is_valid_number(number)
    e164 = phonenumbers.PhoneNumberFormat.E164
    expected = phonenumbers.format_number(number, e164) if valid else None
    assert key.value == expected
