import pytest
from pydantic import ValidationError

from include.contract.format.identity import IdentityDocument
from include.identity.errors import IdentityRulesError
from include.identity.rules import rules_of

DECLARATION = {
    "default_region": "DE",
    "role_names": ["Info"],
    "keys": [
        {"name": "crm_id", "kind": "id"},
        {"name": "email", "kind": "email"},
    ],
    "sources": {
        "leads": {
            "defines": True,
            "keys": {"crm_id": ["id", "merged_into"], "email": ["mail"]},
        },
        "events": {"keys": {"email": ["recipient"]}},
    },
}


def test_a_declaration_makes_rules():
    document = IdentityDocument.model_validate(DECLARATION)
    rules = rules_of(document.model_dump())
    assert rules.names == ("crm_id", "email")
    assert rules.max_records == 3
    assert rules.sources["leads"].defines
    assert not rules.sources["events"].defines
    assert rules.sources["events"].columns == {"email": ("recipient",)}
    assert rules.spelling.region == "DE"
    assert rules.spelling.role_names == {"info"}
    assert rules.spelling.domain_aliases == {"googlemail.com": "gmail.com"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"keys": []}, "keys"),
        ({"keys": [*DECLARATION["keys"], DECLARATION["keys"][0]]}, "one name"),
        ({"default_region": "Germany"}, "default_region"),
        ({"max_records": 0}, "max_records"),
        ({"sources": {}}, "sources"),
        (
            {"sources": {"leads": {"defines": True, "keys": {"fax": ["f"]}}}},
            "names 'fax', which is not in 'keys'",
        ),
        (
            {"sources": {"leads": {"keys": {"email": ["mail"]}}}},
            "no source has 'defines: true'",
        ),
        (
            {"sources": {"leads": {"defines": True, "keys": {"email": []}}}},
            "names no column",
        ),
        (
            {
                "sources": {
                    "leads": {"defines": True, "keys": {"email": ["m", "m"]}}
                }
            },
            "names a column twice",
        ),
        ({"dotless_domains": ["@gmail"]}, "dotless_domains"),
        ({"typo": 1}, "typo"),
    ],
)
def test_a_mistake_is_named(change, message):
    with pytest.raises(ValidationError, match=message):
        IdentityDocument.model_validate(DECLARATION | change)


def test_an_unknown_kind_is_refused():
    document = IdentityDocument.model_validate(DECLARATION)
    content = document.model_dump()
    content["keys"] = [{"name": "fax", "kind": "fax"}]
    with pytest.raises(IdentityRulesError, match="'fax' has the kind 'fax'"):
        rules_of(content)
