import pytest

from include.api.bodies.wrappers import LISTS, unwrap
from include.api.errors import BodyTooLargeError, UnreadableBodyError
from include.contract import Contract
from include.scoring.errors import LeadsRefusedError
from include.scoring.leads.names import LeadNames

LEADS = [{"visits": 3}, {"Visits": 4, "nonsense": 1}]


@pytest.mark.parametrize("wrapper", LISTS)
def test_the_leads_of_every_known_wrapper_are_read(names, wrapper):
    assert unwrap({wrapper: LEADS}, names, 9).leads == LEADS


def test_a_frame_of_columns_and_rows_is_read_and_its_index_named(names):
    frame = {
        "columns": ["visits", "Region"],
        "index": [7, 8],
        "data": [[3, "north"], [None, "south"]],
    }
    sent = unwrap({"dataframe_split": frame}, names, 9)
    assert sent.leads == [
        {"visits": 3, "Region": "north"},
        {"visits": None, "Region": "south"},
    ]
    assert sent.ignored == ("index",)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({"data": LEADS}, "dataframe_split"),
        ({"records": LEADS}, "dataframe_records"),
        ({"dataframe": {"visits": [3]}}, "instances"),
        ({"Instances": LEADS}, "instances"),
        ({"prospect": {"visits": 3}}, "holds an object"),
        ({"visits": 3, "rest": {"region": "north"}}, "holds an object"),
        ({"instances": LEADS, "signature_name": "x"}, "signature_name"),
        ({"instances": LEADS, "visits": 3}, "beside"),
        ({"instances": LEADS, "inputs": LEADS}, "inputs"),
        ({"instances": []}, "an empty list"),
        ({"instances": None}, "holds null"),
        ({"instances": {"visits": [3]}}, "holds an object"),
        ({"instances": [[3, "north"]]}, "lead 1 .* is a list"),
        ({"instances": [{"visits": 3}, "x"]}, "lead 2 .* is a text"),
        ({"dataframe_split": LEADS}, "holds a list"),
        ({"dataframe_split": {"data": [[3]]}}, "columns"),
        ({"dataframe_split": {"columns": ["visits"]}}, "data"),
        ({"dataframe_split": {"columns": ["visits"], "data": []}}, "data"),
        (
            {"dataframe_split": {"columns": ["visits"], "data": [[3, 4]]}},
            "row 1 .* 2 values for 1 columns",
        ),
        (
            {"dataframe_split": {"columns": ["visits"], "data": [[3], 4]}},
            "row 2 .* is a number",
        ),
        (
            {"dataframe_split": {"columns": [0, 1], "data": [[3, 4]]}},
            "column 1 .* is a number",
        ),
        (
            {"dataframe_split": {"columns": ["a", "a"], "data": [[3, 4]]}},
            "twice",
        ),
        (
            {
                "dataframe_split": {
                    "columns": ["visits"],
                    "data": [[3]],
                    "index_names": [None],
                }
            },
            "index_names",
        ),
    ],
)
def test_any_other_wrapper_is_refused_by_name(names, content, reason):
    with pytest.raises(UnreadableBodyError, match=reason):
        unwrap(content, names, 9)


@pytest.mark.parametrize(
    "content", [{}, {"signature_name": "serving_default"}, {"data": "x"}]
)
def test_an_object_without_a_known_name_is_told_what_is_accepted(
    names, content
):
    with pytest.raises(LeadsRefusedError, match=r"visits.*instances") as error:
        unwrap(content, names, 9)
    assert error.value.ignored_fields == list(content)


@pytest.fixture
def names_of_wrappers(contract) -> LeadNames:
    """Names of a contract with columns `inputs` and `Leads`."""
    content = contract.model_dump(mode="json")
    for column, name in ((3, "inputs"), (4, "Leads")):
        content["columns"][column] |= {"name": name, "field": name.lower()}
    return LeadNames(Contract.model_validate(content))


@pytest.mark.parametrize("name", ["inputs", "leads", "Leads"])
def test_a_column_of_the_contract_is_never_taken_for_a_wrapper(
    names_of_wrappers, name
):
    lead = {name: 3}
    assert unwrap(lead, names_of_wrappers, 9).leads == [lead]
    assert unwrap({"instances": [lead]}, names_of_wrappers, 9).leads == [lead]


def test_a_frame_that_is_too_wide_is_refused(names):
    frame = {"columns": ["visits", "region"], "data": [[1, 2]]}
    with pytest.raises(BodyTooLargeError):
        unwrap({"dataframe_split": frame}, names, 1)


def test_events_are_refused_by_name_where_a_contract_has_no_sources(
    client, lead
):
    for body in ({"lead": lead, "events": []}, lead | {"events": []}):
        reply = client.post("/predict", json=body)
        assert reply.status_code == 400
        assert '"events" cannot be read' in reply.json["error"]
    reply = client.post("/predict", json=lead | {"events": 3, "lead": "a"})
    assert reply.json["ignored_fields"] == ["events", "lead"]
