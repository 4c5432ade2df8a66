"""Brings aliases and MLflow's lifecycle stages in line with the champion; safe to repeat."""

import warnings

from mlflow.tracking import MlflowClient

from include.registry.errors import ChampionChangedError
from include.registry.ledger import ChampionLedger
from include.registry.versions import (
    CHALLENGER,
    CHAMPION,
    PREVIOUS,
    RegisteredVersions,
    read_versions,
)

SETTLING = 10
LIFECYCLE_STAGES = {CHAMPION: "Production", CHALLENGER: "Staging"}


def settle(
    client: MlflowClient, model: str, ledger: ChampionLedger | None = None
) -> None:
    """Bring the champion alias in line with the ledger, and everything that follows from the alias in line with it.

    It looks again after its own changes: of two promotions at once, the one that ends last sees both, so that aliases
    and lifecycle stages agree in the end.

    Raises:
        ChampionChangedError: others keep changing the champion meanwhile.
    """
    for _ in range(SETTLING):
        entry = ledger.read(model) if ledger else None
        registered = read_versions(client, model, entry)
        if registered is None:
            return
        changed = _follow_ledger(client, model, registered)
        if not changed:
            changed = _follow_champion(client, model, registered)
        if not changed:
            changed = _follow_aliases(client, model, registered)
        if not changed:
            return
    raise ChampionChangedError(
        f"the champion of {model} keeps changing; look for runs that promote at the same time"
    )


def _follow_ledger(
    client: MlflowClient, model: str, registered: RegisteredVersions
) -> bool:
    """Set the champion alias as the ledger says, if its version exists; return whether anything changed."""
    champion = registered.aliased(CHAMPION)
    if champion is None or registered.aliases.get(CHAMPION) == champion:
        return False
    client.set_registered_model_alias(model, CHAMPION, champion)
    return True


def _follow_champion(
    client: MlflowClient, model: str, registered: RegisteredVersions
) -> bool:
    """Set the aliases `previous` and `challenger` as the champion says; return whether anything changed."""
    champion = registered.aliased(CHAMPION)
    if champion is None:
        return False
    target = registered.rollback_target()
    previous = target[0] if target else None
    changed = False
    if registered.aliases.get(PREVIOUS) != previous:
        changed = True
        if previous is None:
            client.delete_registered_model_alias(model, PREVIOUS)
        else:
            client.set_registered_model_alias(model, PREVIOUS, previous)
    if CHALLENGER in registered.aliases:
        challenger = registered.aliased(CHALLENGER)
        if challenger in (None, champion):
            changed = True
            client.delete_registered_model_alias(model, CHALLENGER)
    return changed


def _follow_aliases(
    client: MlflowClient, model: str, registered: RegisteredVersions
) -> bool:
    """Set Production, Staging and Archived as the aliases say; versions that never left None stay there.

    Returns:
        Whether there was anything to change.
    """
    changed = False
    stage_of_version = {
        registered.aliases[alias]: lifecycle_stage
        for alias, lifecycle_stage in LIFECYCLE_STAGES.items()
        if alias in registered.aliases
    }
    for number, version in registered.versions.items():
        without_alias = (
            "None" if version.current_stage == "None" else "Archived"
        )
        lifecycle_stage = stage_of_version.get(number, without_alias)
        if version.current_stage != lifecycle_stage:
            changed = True
            _move_to_lifecycle_stage(client, model, number, lifecycle_stage)
    return changed


def _move_to_lifecycle_stage(
    client: MlflowClient, model: str, version: str, lifecycle_stage: str
) -> None:
    """Move a version to a lifecycle stage, without MLflow's warning that these are deprecated."""
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", FutureWarning
        )  # the guide's readers look for lifecycle stages
        client.transition_model_version_stage(model, version, lifecycle_stage)
