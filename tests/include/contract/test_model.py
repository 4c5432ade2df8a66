import pytest

from include.contract import (
    DEFAULT_NULL_TOKENS,
    ContractError,
    KnownAt,
    load_contract,
)
from include.contract.cells import cell_rules, read_cell
from include.contract.model import SCORING_STAGES


@pytest.mark.parametrize(
    ("stage", "fields"),
    [
        (KnownAt.CAPTURE, ["visits", "channel", "no_calls"]),
        (KnownAt.ENGAGEMENT, ["visits", "pages", "channel", "no_calls"]),
        (KnownAt.CONTACT, ["visits", "pages", "channel", "heat", "no_calls"]),
    ],
)
def test_a_stage_sees_only_what_is_known_by_then_and_no_key_label_or_clock(
    small, stage, fields
):
    assert [column.field for column in small.features(stage)] == fields


def test_only_earlier_stages_have_a_suffix_in_the_models_name(small):
    assert [small.model_name(stage) for stage in SCORING_STAGES] == [
        "m-capture",
        "m-engagement",
        "m",
    ]


def test_a_field_that_is_not_there_is_named(small):
    with pytest.raises(KeyError, match="contract small has no column 'colour'"):
        small.column("colour")


def test_every_column_may_be_shown_in_reasons_unless_the_contract_says_no(
    write_contract, small_yaml
):
    marked = small_yaml.replace(
        "label: Channel,", "label: Channel, explain: false,"
    )
    columns = load_contract(write_contract(marked)).columns
    assert [column.field for column in columns if not column.explain] == [
        "channel"
    ]


def test_a_contract_that_names_no_null_tokens_gets_the_usual_ones(
    write_contract, small_yaml
):
    contract = load_contract(
        write_contract(small_yaml.replace('null_tokens: [""]\n', ""))
    )
    assert contract.null_tokens == DEFAULT_NULL_TOKENS
    rules = cell_rules(contract)
    for word in ("NA", "N/A", "null", "None", "nan", "-", "#N/A", "(blank)"):
        assert read_cell(rules["channel"], word) is None
        assert read_cell(rules["visits"], f" {word}\u200b") is None


def test_a_level_that_would_be_lost_as_missing_is_refused(
    write_contract, small_yaml
):
    namibia = small_yaml.replace("[Web, Mail, SMS]", "[Web, Mail, SMS, NA]")
    assert load_contract(write_contract(namibia))
    load_contract.cache_clear()
    with pytest.raises(
        ContractError, match="'null_tokens' has NA, which is a level of Channel"
    ):
        load_contract(
            write_contract(namibia.replace('null_tokens: [""]\n', ""))
        )


def test_the_real_contract_knows_the_usual_words_for_nothing():
    contract = load_contract("x_education")
    assert set(DEFAULT_NULL_TOKENS) < set(contract.null_tokens)


def dated(small_yaml: str, field: str) -> str:
    """The small contract, in which `field` says when a row was changed."""
    return small_yaml.replace(
        "clock: nr\n", f"clock: nr\nchanged_at: {field}\n"
    )


def test_the_column_that_dates_a_row_is_no_feature(write_contract, small_yaml):
    contract = load_contract(write_contract(dated(small_yaml, "visits")))
    features = [column.field for column in contract.features()]
    assert "visits" not in features
    assert "pages" in features


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ("colour", "'changed_at' names 'colour', which is not a column"),
        ("nr", "must be another column than 'key'"),
        (
            "channel",
            "must be a column of numbers, dates or moments, or one of type string",
        ),
    ],
)
def test_what_cannot_date_a_row_is_refused(
    write_contract, small_yaml, field, message
):
    with pytest.raises(ContractError, match=message):
        load_contract(write_contract(dated(small_yaml, field)))
