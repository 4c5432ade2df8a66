"""A scored CSV as a download, harmless to open in a spreadsheet."""

import csv
import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from io import StringIO
from typing import Any

import pandas as pd

FORMULA = tuple("=+-@\t\r\n|%＝＋－＠")
"""A cell that begins so may be run by a spreadsheet; the last four are full-width and read like the first."""
NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", re.ASCII)
ADDED = ("score", "probability", "prediction", "tier", "stage", "model_version")


def scored_csv(leads: Sequence[Mapping[str, Any]], scores: pd.DataFrame) -> str:
    """The uploaded leads with their scores and reasons, the best first.

    Args:
        leads: the rows as they were uploaded, by their own headers.
        scores: of the same leads in the same order, as a `StagedScorer` gives them.
    """
    header = [name for name in leads[0] if name not in (*ADDED, "reasons")]  # scores of an earlier time go
    text = StringIO()
    writer = csv.writer(text)
    writer.writerow([*map(harmless, header), *ADDED, "reasons"])
    for place in scores["probability"].to_numpy().argsort(kind="stable")[::-1]:
        score = scores.iloc[place]
        told = "; ".join(reason["text"] for reason in score["reasons"] or [])
        writer.writerow(
            [*(harmless(leads[place][name]) for name in header), *(score[name] for name in ADDED), harmless(told)]
        )
    return text.getvalue()


def harmless(cell: str) -> str:
    """The cell with an apostrophe before it if a spreadsheet might run it; numbers stay numbers."""
    if cell.lstrip(" ").startswith(FORMULA) and not NUMBER.fullmatch(cell.strip()):
        return f"'{cell}"
    return cell


def as_link(text: str) -> str:
    """Address of a link that downloads the text as it is: nothing is kept on the server for it."""
    return f"data:text/csv;charset=utf-8;base64,{b64encode(text.encode()).decode()}"
