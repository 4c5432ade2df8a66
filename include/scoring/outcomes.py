"""Score leads for every outcome of a contract, and multiply the probabilities with what a lead is worth.

A contract of one outcome has no further scores and no expected value; everything is then as the main scorer gives it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isnan, prod
from typing import Any

from include.contract import Contract
from include.contract.derived.shown import (
    EXPECTED_VALUE,
    further_column,
    further_outcomes,
)
from include.features.lead_encoder import Columns
from include.scoring.score_row import FIELDS
from include.scoring.scores import Scores, as_records
from include.scoring.stages import StagedScorer

OUTCOMES = "outcomes"
"""Name under which a record holds the scores of further outcomes."""


@dataclass(frozen=True)
class OutcomeScores:
    """The scores of the same leads for each outcome.

    Attributes:
        contract: as the main outcome sees it.
        main: scores of the main outcome.
        further: outcome to its scores, for the outcomes beside the main one that have a champion.
        expected_values: of each lead, None where it is not known; None for a contract without `value`.
    """

    contract: Contract = field(repr=False)
    main: Scores
    further: Mapping[str, Scores]
    expected_values: list[float | None] | None

    def records(self) -> list[dict[str, Any]]:
        """Return one JSON object for each lead: the main outcome's score and any expected value."""
        if self.expected_values is None:
            return as_records(self.main)
        return as_records(self.main | {EXPECTED_VALUE: self.expected_values})

    def whole_records(self) -> list[dict[str, Any]]:
        """Return one JSON object for each lead as `records` does, with further outcomes under `outcomes`."""
        records = self.records()
        if not further_outcomes(self.contract):
            return records
        for record in records:
            record[OUTCOMES] = {}
        for outcome, scores in self.further.items():
            rows = zip(records, as_records(scores), strict=True)
            for record, further_record in rows:
                record[OUTCOMES][outcome] = further_record
        return records

    def columns(self) -> Scores:
        """Return all as columns: the main outcome's, then each further one's behind its name, then the expected value.

        The columns of an outcome without a champion are there, and empty.
        """
        columns = dict(self.main)
        missing = [None] * len(self.main[self.contract.key])
        for outcome in further_outcomes(self.contract):
            scores = self.further.get(outcome, {})
            for name in FIELDS:
                column = further_column(outcome, name)
                columns[column] = scores.get(name, missing)
        if self.expected_values is not None:
            columns[EXPECTED_VALUE] = self.expected_values
        return columns


@dataclass(frozen=True)
class OutcomeScorer:
    """The champions of every outcome at one moment.

    Attributes:
        main: scores the main outcome.
        further: outcome to what scores it; an outcome without a champion is left out.
    """

    main: StagedScorer
    further: Mapping[str, StagedScorer]

    def score_columns(
        self, leads: Columns, rows: int, reasons: int = 0
    ) -> OutcomeScores:
        """Return the scores of leads for each outcome; see `StagedScorer.score_columns`."""
        contract = self.main.contract
        scores = self.main.score_columns(leads, rows, reasons)
        further = {
            outcome: scorer.score_columns(leads, rows, reasons)
            for outcome, scorer in self.further.items()
        }
        expected = _expected_values(contract, leads, scores, further)
        return OutcomeScores(contract, scores, further, expected)


def best_first(columns: Scores) -> list[int]:
    """Return the places of leads, the best first, as the list of the lead desk ranks them.

    The highest expected value is the best where there are any; leads without one come behind, by their probability.

    Args:
        columns: as `OutcomeScores.columns` returns them.
    """
    probabilities = columns["probability"]
    expected = columns.get(EXPECTED_VALUE) or [None] * len(probabilities)

    def worth(place: int) -> tuple[bool, float, float]:
        value = expected[place]
        has_value = value is not None
        return has_value, value or 0.0, probabilities[place]

    return sorted(range(len(probabilities)), key=worth, reverse=True)


def _expected_values(
    contract: Contract,
    leads: Columns,
    main: Scores,
    further: Mapping[str, Scores],
) -> list[float | None] | None:
    """Return the product of all probabilities, each given the one before, and the lead's value.

    It is None for a lead without a value, and for all leads while an outcome has no champion.
    """
    if contract.value is None:
        return None
    values = leads[contract.value]
    if set(further) != set(further_outcomes(contract)):
        return [None] * len(values)
    probabilities = [main["probability"]]
    probabilities += [
        further[outcome]["probability"]
        for outcome in further_outcomes(contract)
    ]
    expected: list[float | None] = []
    for value, *of_lead in zip(values, *probabilities, strict=True):
        if isnan(value):
            expected.append(None)
        else:
            expected.append(float(prod(of_lead) * value))
    return expected
