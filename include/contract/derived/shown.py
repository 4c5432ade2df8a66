"""Derives from a contract what a person may see, choose from and fill in: the columns of the lead desk."""

from include.contract.model import Column, Contract, KnownAt

FURTHER_COLUMNS = ("score", "reasons", "stage", "model_version")
"""Columns of a score that the list of leads has for each outcome beside the main one, behind the outcome's name."""
EXPECTED_VALUE = "expected_value"
"""Column of the list: the probabilities of all outcomes, each given the one before, times the contract's `value`."""


def filter_columns(contract: Contract) -> tuple[Column, ...]:
    """Return the nominal features known at capture that may be shown: what a list of leads is filtered by."""
    columns = form_columns(contract, KnownAt.CAPTURE)
    return tuple(column for column in columns if column.type == "category")


def form_columns(contract: Contract, known_at: KnownAt) -> tuple[Column, ...]:
    """Return the features that become known at that moment and may be shown, in the order of the contract."""
    return tuple(
        column
        for column in contract.features()
        if column.known_at is known_at and column.explain
    )


def further_outcomes(contract: Contract) -> tuple[str, ...]:
    """Return the names of the outcomes beside the main one, in the order of the contract."""
    return contract.labels[1:]


def further_column(outcome: str, name: str) -> str:
    """Return what a column of a further outcome's score is called beside those of the main one."""
    return f"{outcome}_{name}"


def outcome_columns(contract: Contract) -> tuple[str, ...]:
    """Return what the list of leads has for further outcomes: FURTHER_COLUMNS of each, and the expected value."""
    names: list[str] = []
    for outcome in further_outcomes(contract):
        names += [further_column(outcome, name) for name in FURTHER_COLUMNS]
    if contract.value is not None:
        names.append(EXPECTED_VALUE)
    return tuple(names)
