"""Offer a scored CSV as a download."""

from base64 import b64encode
from collections.abc import Sequence
from io import StringIO

from include.api.score_request import REASONS
from include.contract import Contract
from include.scoring.outcomes import best_first
from include.scoring.scored_csv import Rows, write_scored
from include.scoring.scores import Scores


def scored_csv(
    header: Sequence[str], rows: Rows, scores: Scores, contract: Contract
) -> str:
    """Return the uploaded leads with their scores and reasons, the best first, as POST /predict/batch writes them.

    Args:
        header: of the rows.
        rows: as they were uploaded.
        scores: of the same leads in the same order, as `OutcomeScores.columns` returns them.
        contract: what a lead is.
    """
    order = best_first(scores)
    best_rows = [rows[place] for place in order]
    ranked: Scores = {}
    for name, values in scores.items():
        ranked[name] = [values[place] for place in order]
    text = StringIO(newline="")
    write_scored(contract, text, header, [(best_rows, ranked)], REASONS)
    return text.getvalue()


def as_link(text: str) -> str:
    """Return the address of a link that downloads the text as it is; the server stores nothing for it."""
    encoded = b64encode(text.encode()).decode()
    return f"data:text/csv;charset=utf-8;base64,{encoded}"
