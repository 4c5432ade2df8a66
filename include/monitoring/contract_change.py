"""Compare the columns that the champion was trained on with those of the contract."""

from dataclasses import dataclass

from include.contract import Contract
from include.contract.derived.ddl import leads_columns
from include.feedback.votes import LABEL, WEIGHT
from include.monitoring.columns.frames import Leads


@dataclass(frozen=True)
class ContractChange:
    """The columns that only one of the two sides has.

    Attributes:
        added: columns of the contract that the champion was trained without.
        removed: columns that the champion was trained on and that the contract has no more.
    """

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Return whether there is any such column."""
        return bool(self.added or self.removed)

    def __str__(self) -> str:
        """Return the change in words, for alerts, logs and the page."""
        parts = []
        if self.added:
            parts.append(f"columns added: {', '.join(self.added)}")
        if self.removed:
            parts.append(f"columns removed: {', '.join(self.removed)}")
        if not parts:
            return "contract unchanged"
        return f"contract changed, {'; '.join(parts)}"


UNCHANGED = ContractChange()


def contract_change(contract: Contract, reference: Leads) -> ContractChange:
    """Return what has changed in the contract since a training snapshot was taken.

    Args:
        contract: the one in use.
        reference: rows of the snapshot. Columns that the platform adds to every snapshot do not count, nor do outcomes
            beside the label, which no model sees.
    """
    trained_on = {str(field) for field in reference.columns}
    # The columns of the table are those of the contract, and some that the platform adds.
    present = {name for name, _ in leads_columns(contract)}
    other_outcomes = set(contract.labels) - {contract.label}
    known = trained_on | other_outcomes
    added = [field for field in contract.fields if field not in known]
    removed = trained_on - present - {LABEL, WEIGHT}
    return ContractChange(tuple(added), tuple(sorted(removed)))
