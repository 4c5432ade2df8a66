"""Delete the training snapshots that no registered version learnt from.

Drift, the gate and the model card read the snapshot of a version as long as the version is registered. One of a
training that registered nothing, or whose versions were deleted, is read by nobody.
"""

import logging
from datetime import datetime

from mlflow.entities.model_registry import ModelVersion

from include.contract import Contract
from include.contract.model import SCORING_STAGES
from include.lake.layout import Layout
from include.lake.objects import delete_objects, stored_objects
from include.promotion.nominate import SNAPSHOT_TAG
from include.registry.tracking import connect, tracking_errors
from include.registry.versions import read_versions
from include.settings import Settings

log = logging.getLogger(__name__)


@tracking_errors()
def delete_unused_snapshots(
    settings: Settings, contract: Contract, before: datetime
) -> list[str]:
    """Delete the snapshots of one outcome that no registered version names in its tag `snapshot_uri`.

    Nothing is deleted while no version is registered at all: that may be an MLflow server which has lost its runs.

    Args:
        settings: where MLflow answers and where the lake is.
        contract: as the outcome sees it.
        before: a snapshot with an object that is as new as this stays, as its training may still be running.

    Returns:
        URIs of the folders.

    Raises:
        TrackingUnavailableError: MLflow does not answer.
    """
    named = _named_snapshots(settings, contract)
    if named is None:
        log.warning(
            "No version of %s is registered, so no snapshot is deleted",
            contract.names.model,
        )
        return []
    layout = Layout(settings, contract)
    folders = _folders(layout)
    unused = []
    for folder, objects in folders.items():
        newest = max(stored_at for _, stored_at in objects)
        if folder not in named and newest < before:
            delete_objects(uri for uri, _ in objects)
            unused.append(folder)
            log.info("Snapshot %s deleted: no version names it", folder)
    return unused


def _named_snapshots(settings: Settings, contract: Contract) -> set[str] | None:
    """Return the snapshots that the registered versions of all stages name, None where no version is registered."""
    client = connect(settings.mlflow)
    versions: list[ModelVersion] = []
    for stage in SCORING_STAGES:
        registered = read_versions(client, contract.model_name(stage))
        if registered is not None:
            versions += registered.versions.values()
    if not versions:
        return None
    folders = set()
    for version in versions:
        uri = version.tags.get(SNAPSHOT_TAG, "")
        folders.add(uri.rstrip("/") + "/")
    return folders


def _folders(layout: Layout) -> dict[str, list[tuple[str, datetime]]]:
    """Return the objects of each snapshot, with the moment at which each was stored.

    Those of a further outcome lie one folder deeper, and are its own.
    """
    folders: dict[str, list[tuple[str, datetime]]] = {}
    for stored in stored_objects(layout.snapshots):
        path = stored.uri.removeprefix(layout.snapshots)
        run, _, name = path.partition("/")
        if name and "/" not in name:
            folder = f"{layout.snapshots}{run}/"
            folders.setdefault(folder, []).append(
                (stored.uri, stored.stored_at)
            )
    return folders
