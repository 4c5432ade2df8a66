"""A scored CSV as a download, harmless to open in a spreadsheet."""

import csv
from base64 import b64encode
from collections.abc import Mapping, Sequence
from io import StringIO
from typing import Any

import pandas as pd

from include.serving.upload import ADDED, harmless, sentences


def scored_csv(leads: Sequence[Mapping[str, Any]], scores: pd.DataFrame) -> str:
    """The uploaded leads with their scores and reasons, the best first.

    Args:
        leads: the rows as they were uploaded, by their own headers.
        scores: of the same leads in the same order, as a `StagedScorer` gives them.
    """
    header = [name for name in leads[0] if name not in ADDED]  # scores of an earlier time go
    text = StringIO()
    writer = csv.writer(text)
    writer.writerow([*map(harmless, header), *ADDED])
    for place in scores["probability"].to_numpy().argsort(kind="stable")[::-1]:
        score = scores.iloc[place]
        told = sentences(score["reasons"])
        writer.writerow(
            [*(harmless(leads[place][name]) for name in header), *(score[name] for name in ADDED[:-1]), told]
        )
    return text.getvalue()


def as_link(text: str) -> str:
    """Address of a link that downloads the text as it is: nothing is kept on the server for it."""
    return f"data:text/csv;charset=utf-8;base64,{b64encode(text.encode()).decode()}"
