import pytest

from include.contract import ContractError, load_contract, parse_contract


@pytest.mark.parametrize(
    ("old", "new", "column", "key"),
    [
        ("field: visits, ", "field: visits, colour: red, ", "Visits", "colour"),
        (
            "minimum: 0, label: Visits",
            "minimum: none, label: Visits",
            "Visits",
            "minimum",
        ),
        ("known_at: engagement", "known_at: never", "Pages", "known_at"),
        ("type: ordinal, ", "type: rank, ", "Heat", "type"),
        ("order: [cold, hot]", "order: [cold, cold]", "Heat", "order"),
        ("order: [cold, hot], ", "", "Heat", "order"),
        ("{Direct: [Mail, SMS]}", "{Direct: [Mail, Fax]}", "Channel", "groups"),
        (
            "{Direct: [Mail, SMS]}",
            "{Direct: [Mail], Other: [Mail]}",
            "Channel",
            "groups",
        ),
        ("field: visits", "field: Total Visits", "Visits", "field"),
        ("label: Lead, ", "", "Lead Id", "label"),
        (
            "type: number, ",
            "type: number, minimum: 2, maximum: 1, ",
            "Pages",
            "minimum",
        ),
        ("type: yes_no, ", "type: yes_no, minimum: 1, ", "No calls", "minimum"),
        ("type: string, ", "type: string, type: number, ", "Lead Id", "type"),
        ("name: Visits, ", "name: Nr, ", "Nr", "name"),
        ("field: visits", "field: nr", "nr", "field"),
        ("field: visits", "field: offset", "Visits", "field"),
    ],
    ids=[
        "unknown key",
        "text for a number",
        "unknown moment",
        "unknown type",
        "level twice",
        "ordinal without order",
        "group of an unknown level",
        "level in two groups",
        "field that is no identifier",
        "missing key",
        "minimum above maximum",
        "range on text",
        "key twice",
        "column name twice",
        "field twice",
        "reserved word of Redshift",
    ],
)
def test_a_mistake_in_a_column_names_file_column_and_key(
    write_contract, small_yaml, old, new, column, key
):
    assert old in small_yaml
    path = write_contract(small_yaml.replace(old, new))
    with pytest.raises(ContractError) as caught:
        load_contract(path)
    message = str(caught.value)
    assert path in message
    assert column in message
    assert key in message


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (
            "key: lead_id",
            "key: mail",
            "'key' names 'mail', which is not a column",
        ),
        ("label: won", "label: nr", "must be three different columns"),
        (
            "clock: nr",
            "clock: channel",
            "'clock' must be a column of numbers, dates or moments",
        ),
        ("maximum: 1", "maximum: 2", "minimum 0 and maximum 1"),
        (
            "version: 1",
            "version: 1\nversion: 2",
            "the key 'version' stands twice",
        ),
        ("version: 1", "version: 1\nflavour: sweet", "key 'flavour'"),
        ("table: leads", "table: Leads Table", "key 'names.table'"),
    ],
)
def test_a_mistake_in_the_contract_names_file_and_key(
    write_contract, small_yaml, old, new, says
):
    path = write_contract(small_yaml.replace(old, new))
    with pytest.raises(ContractError) as caught:
        load_contract(path)
    assert says in str(caught.value)
    assert path in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "just a word",
        "- a\n- b\n",
        "columns: [1, 2, 3]\n",
        "columns: {a: 1}\n",
    ],
)
def test_a_file_that_holds_no_contract_is_refused_by_name(write_contract, text):
    path = write_contract(text)
    with pytest.raises(ContractError, match="small.yaml"):
        load_contract(path)


def test_broken_yaml_is_refused_by_name(write_contract):
    path = write_contract("columns: [")
    with pytest.raises(
        ContractError, match=r"small\.yaml: not readable as YAML"
    ):
        load_contract(path)


def test_an_unknown_name_says_how_to_choose_one():
    with pytest.raises(ContractError, match="LEADS_CONTRACT"):
        load_contract("nobody")


def test_a_contract_survives_the_trip_through_json(small):
    assert parse_contract(small.model_dump(mode="json"), "copy") == small
