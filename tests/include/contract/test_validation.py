import pandas as pd
import pytest

from include.contract.validation import ContractBrokenError, validate_frame


@pytest.fixture
def leads() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "lead_id": ["a", "b"],
            "nr": [1, 2],
            "won": [0, None],
            "visits": [3, None],
            "pages": [1.5, None],
            "channel": ["Web", None],
            "heat": ["hot", None],
            "no_calls": ["No", "Yes"],
        }
    )


def test_a_good_frame_gets_the_contracts_types(small, leads):
    types = validate_frame(leads, small).dtypes.astype(str).to_dict()
    assert (types["won"], types["visits"], types["pages"]) == ("Int64", "Int64", "float64")


def test_levels_nobody_has_seen_yet_are_accepted(small, leads):
    validate_frame(leads.assign(channel="Pigeon", heat="boiling"), small)


def test_further_columns_are_ignored(small, leads):
    assert "note" in validate_frame(leads.assign(note="x"), small)


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("visits", [3, -1]),
        ("won", [0, 2]),
        ("no_calls", ["No", "maybe"]),
        ("pages", [1.5, "many"]),
        ("lead_id", ["a", "a"]),
        ("lead_id", ["a", None]),
    ],
    ids=["negative", "label above 1", "neither yes nor no", "text in a number", "key twice", "no key"],
)
def test_a_broken_rule_names_its_column(small, leads, field, values):
    with pytest.raises(ContractBrokenError, match=f"column '{field}' breaks"):
        validate_frame(leads.assign(**{field: values}), small)


def test_an_absent_column_is_named(small, leads):
    with pytest.raises(ContractBrokenError, match="column 'pages' breaks column_in_dataframe"):
        validate_frame(leads.drop(columns="pages"), small)
