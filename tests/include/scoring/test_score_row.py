"""The one model of a score's row, and everything that is derived from it."""

import pyarrow as pa
import pytest

from include.scoring.leads.frames import to_columns
from include.scoring.score_row import (
    FIELDS,
    LISTED,
    Score,
    StoredScore,
    answer_model,
    scores_schema,
)
from include.scoring.scores import as_records


@pytest.mark.parametrize("reasons", [0, 3])
def test_what_a_scorer_answers_is_what_the_model_says(
    staged, mixed, contract, reasons
):
    scores = staged.score_columns(
        to_columns(contract, mixed), len(mixed), reasons
    )
    assert list(scores) == [contract.key, *FIELDS][: len(scores)]
    answer = answer_model(contract)
    for record in as_records(scores):
        assert (
            answer.model_validate(record).model_dump(exclude_unset=True)
            == record
        )


def test_every_field_of_a_stored_score_has_its_place_in_the_table():
    assert sorted(StoredScore.table_order) == sorted(StoredScore.model_fields)


def test_the_parquet_file_has_the_types_that_copy_reads(contract):
    assert scores_schema(contract).types == [
        pa.string(),
        pa.int32(),
        pa.float64(),
        pa.int32(),
        *[pa.string()] * 5,
        pa.timestamp("us"),
    ]


def test_the_desk_lists_fields_of_a_score_beside_the_one_before():
    assert set(LISTED) - set(Score.model_fields) == {"previous_score"}
