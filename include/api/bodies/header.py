"""Tell the header line of a CSV from a lead: a lead that is taken for a header is lost, and all others are misread."""

from collections.abc import Sequence

from include.api.errors import HeaderRefusedError, UnreadableBodyError
from include.contract.text import clean_text
from include.scoring.leads.names import LeadNames, quoted

OTHER_SEPARATORS = ";\t|"
SHOWN = 5


def check_header(header: Sequence[str], names: LeadNames) -> None:
    """Let pass a line whose cells are headings of this contract; some may mean no column.

    A lead's cell may happen to be called as a column is. So it is no header where no cell means a column, where as many
    cells look like values as mean a column, and where one cell alone of three or more means a column.

    Raises:
        UnreadableBodyError: there is no header, it names a column twice, or its cells are not separated by commas.
        HeaderRefusedError: the line is no header of this contract, or two headings mean one column.
    """
    if not header:
        raise UnreadableBodyError(
            "the CSV has no header; expected a header line and a line per lead"
        )
    if len(header) == 1 and _has_other_separator(header[0]):
        raise UnreadableBodyError(
            "the header of the CSV is one cell; separate cells by commas, not semicolons, tabs or bars"
        )
    headings = [heading for heading in header if clean_text(heading)]
    if len(set(headings)) < len(headings):
        raise UnreadableBodyError("the header of the CSV names a column twice")
    _check_meaning(header, names)
    _check_columns(headings, names)


def _has_other_separator(cell: str) -> bool:
    return any(separator in cell for separator in OTHER_SEPARATORS)


def _check_meaning(header: Sequence[str], names: LeadNames) -> None:
    """Raise HeaderRefusedError for a line of which too little means a column."""
    unknown = names.unknown(header)
    recognised = len(header) - len(unknown)
    values = [cell for cell in unknown if names.is_value(cell)]
    is_alone = recognised == 1 and len(header) > 2
    if recognised > len(values) and not is_alone:
        return
    reason = f"{recognised} of its {len(header)} cells mean a column"
    if values:
        first_values = ", ".join(map(quoted, values[:SHOWN]))
        reason += f", and {len(values)} look like values ({first_values})"
    if any(_has_other_separator(cell) for cell in unknown):
        reason += (
            "; cells are separated by commas, not semicolons, tabs or bars"
        )
    raise HeaderRefusedError(
        f"the first line of the CSV is no header line: {reason}; {names.explain(unknown)}. "
        "Send the names of the columns in the first line, and the leads below"
    )


def _check_columns(headings: Sequence[str], names: LeadNames) -> None:
    """Raise HeaderRefusedError where two headings mean one column."""
    heading_of: dict[str, str] = {}
    for heading in headings:
        field = names.find(heading)
        if field is None:
            continue
        if field in heading_of:
            raise HeaderRefusedError(
                f"the header of the CSV gives {field} twice, as {quoted(heading_of[field])} and as {quoted(heading)}"
            )
        heading_of[field] = heading
