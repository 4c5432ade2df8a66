"""What a rejected cell looks like, and what to write in the contract."""

import pytest

from include.contract.cells import cell_rule
from include.contract.format.hints import hint

TOKENS = frozenset({""})
NUMBER = {"type": "number"}
INTEGER = {"type": "integer"}
OUTCOME = {"type": "integer", "minimum": 0, "maximum": 1}
DATE = {"type": "date"}
BOOLEAN = {"type": "yes_no"}
LEVELS = {"type": "ordinal", "order": ["cold", "hot"]}


@pytest.mark.parametrize(
    ("column", "cells", "advice"),
    [
        (NUMBER, ["12,5", "7", "0,1"], 'files: {decimal: ","}'),
        (NUMBER, ["1.234,50"], '{decimal: ",", thousands: "."}'),
        (NUMBER, ["1,234", "12,345.6"], 'files: {thousands: ","}'),
        (NUMBER, ["1 234"], 'files: {thousands: " "}'),
        (NUMBER, ["1 234,5"], 'files: {thousands: " "}'),
        (INTEGER, ["1.234.567"], 'thousands: "."'),
        (NUMBER, ["12%", "3 %"], 'symbols: ["%"]'),
        (NUMBER, ["$1,200.50"], 'symbols: ["$"]'),
        (NUMBER, ["12 EUR"], 'symbols: ["EUR"]'),
        (INTEGER, ["3.5"], "type: number"),
        (INTEGER, ["12345678901"], "type: number"),
        (NUMBER, ["unknown"], 'add ["unknown"] to null_tokens'),
        (NUMBER, ["31.01.2026"], "type: date"),
        ({**NUMBER, "minimum": 0}, ["-3"], "below minimum: 0"),
        (OUTCOME, ["yes", "no"], 'positive: ["yes"], negative: ["no"]'),
        (OUTCOME, ["True", "False"], 'positive: ["True"], negative: ["False"]'),
        (OUTCOME, ["2", "1"], 'positive: ["2"], negative: ["1"]'),
        (OUTCOME, ["yes", "no", "maybe"], "'maybe' is neither"),
        (BOOLEAN, ["y", "n"], 'positive: ["y"], negative: ["n"]'),
        (DATE, ["31.01.2026"], 'date_formats: ["%d.%m.%Y"]'),
        (DATE, ["01/31/2026"], 'date_formats: ["%m/%d/%Y"]'),
        (DATE, ["01/02/2026"], "%m/%d/%Y if the month comes first"),
        ({"type": "timestamp"}, ["31.01.2026 08:30"], "%d.%m.%Y %H:%M"),
        ({"type": "timestamp"}, ["1700000000"], "date_formats: [epoch]"),
        (LEVELS, ["Hot"], "nearly 'hot'"),
        ({"type": "category"}, ["x" * 300], "type: string"),
    ],
)
def test_a_rejected_cell_is_recognised(column, cells, advice):
    assert advice in hint(cell_rule(column, TOKENS), cells)


def test_an_empty_cell_where_it_does_not_mean_missing_is_recognised():
    rule = cell_rule(NUMBER, frozenset({"?"}))
    assert hint(rule, [""]) == 'the cell is empty; add "" to null_tokens'


def test_nothing_is_said_of_good_cells_or_without_a_likely_cause():
    rule = cell_rule(NUMBER, TOKENS)
    assert hint(rule, ["1", "2.5"]) == ""
    assert hint(rule, ["1-2-3", "x"]) == ""
