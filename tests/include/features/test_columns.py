"""What a pipeline remembers of the contract."""

from include.contract import KnownAt
from include.features.columns import FeatureColumn, feature_columns


def test_only_columns_known_at_the_stage_are_features(contract):
    fields = {
        stage: [column.field for column in feature_columns(contract, stage)]
        for stage in KnownAt
    }
    assert fields[KnownAt.CAPTURE] == [
        "visits",
        "minutes",
        "channel",
        "region",
        "newsletter",
    ]
    assert fields[KnownAt.ENGAGEMENT] == [*fields[KnownAt.CAPTURE], "fit"]
    assert fields[KnownAt.CONTACT] == [*fields[KnownAt.ENGAGEMENT], "opinion"]


def test_key_label_clock_free_text_and_near_constant_columns_are_no_features(
    contract,
):
    fields = {
        column.field for column in feature_columns(contract, KnownAt.CONTACT)
    }
    assert not fields & {"account", "won", "number", "remark", "constant"}


def test_order_and_groups_are_copied_from_the_contract(contract):
    columns = {
        column.field: column
        for column in feature_columns(contract, KnownAt.CONTACT)
    }
    assert columns["fit"] == FeatureColumn(
        "fit", "ordinal", order=("low", "mid", "high"), type="ordinal"
    )
    assert columns["channel"].groups == (
        ("web", "Online"),
        ("mail", "Online"),
        ("fair", "Person"),
    )
