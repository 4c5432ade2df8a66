import pytest

from include.contract import KnownAt, load_contract


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
    assert [small.model_name(stage) for stage in KnownAt] == [
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
