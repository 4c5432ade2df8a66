"""The form for one lead, from the contract."""

from include.api.desk.form import sections
from include.contract import load_contract
from include.contract.derived.shown import filter_columns, form_columns


def names(section):
    return [field.column.field for field in section.fields]


def test_sections_follow_a_leads_life_and_hold_its_features_the_key_first(
    contract,
):
    found = sections(contract, {}, {})
    assert [section.title for section in found] == [
        "When the lead comes in", "What it has done since", "After the first contact",
    ]  # fmt: skip
    assert names(found[0])[:3] == ["account", "visits", "minutes"]
    assert (names(found[1]), names(found[2])) == (["fit"], ["opinion"])


def test_known_levels_are_a_choice_and_all_else_is_typed(contract):
    levels = {
        field.column.field: field.levels
        for section in sections(contract, {}, {})
        for field in section.fields
    }
    assert levels["newsletter"] == ("Yes", "No")
    assert levels["fit"] == ("low", "mid", "high")
    assert levels["channel"] == levels["visits"] == levels["remark"] == ()


def test_what_was_filled_in_and_what_is_wrong_with_it_stand_at_the_field(
    contract,
):
    later = sections(contract, {"opinion": "hot"}, {"fit": "must be one of"})[
        1:
    ]
    assert [section.touched for section in later] == [True, True]
    assert (later[0].fields[0].problem, later[1].fields[0].value) == (
        "must be one of",
        "hot",
    )


def hidden(contract, *fields):
    columns = tuple(
        column.model_copy(update={"explain": False})
        if column.field in fields
        else column
        for column in contract.columns
    )
    return contract.model_copy(update={"columns": columns})


def test_a_column_that_may_not_be_shown_is_neither_asked_for_nor_filtered_by(
    contract,
):
    shut = hidden(contract, "region", "opinion")
    asked = [
        name for section in sections(shut, {}, {}) for name in names(section)
    ]
    assert not {"region", "opinion"} & set(asked)
    assert [column.field for column in filter_columns(shut)] == ["channel"]
    assert [column.field for column in filter_columns(contract)] == [
        "channel",
        "region",
    ]


def test_the_guides_leads_are_filtered_by_what_is_known_when_they_come_in():
    guide = load_contract("x_education")
    assert "Lead Source" in [column.name for column in filter_columns(guide)]
    assert all(column.known_at == "capture" for column in filter_columns(guide))
    assert len(form_columns(guide, "contact")) == len(
        {column.field for column in form_columns(guide, "contact")}
    )
