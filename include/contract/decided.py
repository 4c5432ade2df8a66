"""Say what is decided about a data set in this deployment."""

from include.contract.model import Contract
from include.decisions import Decisions
from include.settings import Settings


def decisions_of(settings: Settings, contract: Contract) -> Decisions:
    """Return the contract's decisions, with those that an environment variable overrules.

    Raises:
        pydantic.ValidationError: a field of the contract and one of the environment contradict each other.
    """
    overrides = settings.decisions
    decided = contract.decisions.model_dump(exclude_unset=True)
    for name in overrides.model_fields_set:
        decided[name] = getattr(overrides, name)
    return Decisions.model_validate(decided)
