"""SQL that spells the columns of a score names all of them, as the model of the row has them."""

import re

import pytest
import sqlglot

from include.contract import load_contract
from include.contract.derived.shown import filter_columns
from include.scoring.score_row import LISTED, StoredScore
from include.settings import Settings
from include.warehouse.templates import Statements

CONTRACT = load_contract("x_education")


@pytest.fixture(scope="module")
def rendered() -> Statements:
    return Statements(Settings(), CONTRACT)


def selected(sql: str) -> list[str]:
    """Names of the columns that a SELECT returns."""
    return sqlglot.parse_one(sql, read="redshift").named_selects


def test_the_table_of_scores_has_the_columns_in_the_order_of_the_parquet_file(
    rendered,
):
    table = sqlglot.parse_one(rendered.render("create_scores"), read="redshift")
    names = [column.name for column in table.find_all(sqlglot.exp.ColumnDef)]
    assert names == [CONTRACT.key, *StoredScore.table_order]


def test_the_view_of_current_scores_has_every_column_of_a_score(rendered):
    view = rendered.render("create_current_scores")
    query = view[view.index("SELECT") :]
    assert selected(query) == [
        CONTRACT.key,
        *StoredScore.table_order,
        "previous_score",
    ]


def test_the_desk_is_given_every_column_that_it_lists(rendered):
    unload = rendered.render("unload_desk", run_id="r1")
    query = re.search(r"UNLOAD \('(.*)'\)\s*TO", unload, re.DOTALL)
    assert query is not None
    names = selected(query[1].replace("''", "'"))
    filters = [column.field for column in filter_columns(CONTRACT)]
    sorted_by = "probability"
    assert sorted(names) == sorted([CONTRACT.key, sorted_by, *LISTED, *filters])
