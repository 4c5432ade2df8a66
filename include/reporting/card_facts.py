"""Gather what a model card says: a version's tags, its run's artefacts, its snapshot and the decision about it."""

import json
import logging
import tempfile
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pandas as pd
from mlflow.entities.model_registry import ModelVersion
from mlflow.tracking import MlflowClient

from include.contract import KnownAt
from include.features.calibration import Decision
from include.lake.errors import ObjectMissingError
from include.lake.objects import read_json
from include.registry.errors import ModelUnreadableError
from include.registry.models import decision_of, load_pipeline
from include.registry.registry import ChampionInfo
from include.registry.tracking import run_url
from include.settings import Settings
from include.training.data.snapshot import read_manifest

log = logging.getLogger(__name__)

PLOTS = ("roc", "precision_recall", "calibration", "gain")
CARD_ARTIFACTS = (
    *(f"holdout/{plot}.png" for plot in PLOTS),
    "shap/summary.png",
    "holdout/evaluation.json",
    "newest/evaluation.json",
    "features/dropped_columns.csv",
    "features/unmapped_levels.json",
)


@dataclass(frozen=True)
class CardFacts:
    """Hold everything that a card says of one version.

    Attributes:
        model: registered model.
        version: its number, as text.
        stage: capture, engagement or contact.
        run_id: MLflow run that logged it.
        run_url: address of the run's page.
        registered_at: when, UTC.
        aliases: what it is at present (champion, challenger, previous).
        tags: those of the version; an absent one reads as "".
        holdout: the run's `full_report` on the holdout, None where the run has none.
        newest: the same on the newest leads.
        pictures: name to PNG: roc, precision_recall, calibration, gain, summary (SHAP); those that the run has.
        dropped: field to the reason why the model does not read it.
        unmapped: field to levels, with their counts, that no group of the contract names.
        manifest: of the training snapshot, None where it is gone.
        model_decision: policy, threshold and tiers that the model itself brings along, None where it cannot be loaded.
        decision: the gate's, None before: verdict, rule, decided_at, reasons, person, record.
    """

    model: str
    version: str
    stage: str
    run_id: str
    run_url: str
    registered_at: str
    aliases: tuple[str, ...]
    tags: Mapping[str, str]
    holdout: dict[str, Any] | None
    newest: dict[str, Any] | None
    pictures: dict[str, bytes]
    dropped: dict[str, str]
    unmapped: dict[str, dict[str, int]]
    manifest: dict[str, Any] | None
    model_decision: Decision | None
    decision: dict[str, Any] | None

    @property
    def metrics(self) -> dict[str, float]:
        """Return the figures on the holdout: those of the run, else those on the version's tag."""
        if self.holdout:
            return dict(self.holdout["metrics"])
        return dict(json.loads(self.tags["metrics"] or "{}"))

    @property
    def training_rows(self) -> int | None:
        """Return how many labelled leads of the snapshot are not in the holdout, or None where either is gone."""
        if not (self.manifest and self.holdout):
            return None
        return int(self.manifest["labelled_rows"] - self.holdout["rows"])

    @property
    def status(self) -> str:
        """Say in a sentence what the version is at present."""
        if not self.aliases:
            return "At present without a role."
        return f"At present the {' and '.join(self.aliases)}."


def card_facts(
    settings: Settings, client: MlflowClient, model: str, version: str
) -> CardFacts:
    """Gather the facts about a version; whatever is gone is empty or None.

    Raises:
        mlflow.exceptions.MlflowException: there is no such version.
    """
    registered = client.get_model_version(model, version)
    run_id = registered.run_id
    registered_at = datetime.fromtimestamp(
        registered.creation_timestamp / 1000, tz=UTC
    )
    tags: Mapping[str, str] = defaultdict(str, registered.tags)
    files = artefacts(client, run_id)
    champion_info = ChampionInfo(
        model, version, run_id, dict(registered.tags), registered_at
    )
    return CardFacts(
        model=model,
        version=version,
        stage=tags["stage"] or KnownAt.CONTACT.value,
        run_id=run_id,
        run_url=run_url(settings, client, run_id),
        registered_at=registered_at.isoformat(timespec="seconds"),
        aliases=_aliases(client, registered),
        tags=tags,
        holdout=_json(files, "holdout/evaluation.json"),
        newest=_json(files, "newest/evaluation.json"),
        pictures={
            Path(name).stem: content
            for name, content in files.items()
            if name.endswith(".png")
        },
        dropped=_dropped(files.get("features/dropped_columns.csv")),
        unmapped=_json(files, "features/unmapped_levels.json") or {},
        manifest=_manifest(tags["snapshot_uri"]),
        model_decision=_model_decision(champion_info),
        decision=_decision(tags),
    )


def artefacts(client: MlflowClient, run_id: str) -> dict[str, bytes]:
    """Download those of CARD_ARTIFACTS that the run has; return path to content."""
    folders = sorted({name.partition("/")[0] for name in CARD_ARTIFACTS})
    present = set()
    for folder in folders:
        present |= {file.path for file in client.list_artifacts(run_id, folder)}
    contents = {}
    with tempfile.TemporaryDirectory() as target:
        for name in CARD_ARTIFACTS:
            if name in present:
                path = client.download_artifacts(run_id, name, target)
                contents[name] = Path(path).read_bytes()
    return contents


def _aliases(client: MlflowClient, registered: ModelVersion) -> tuple[str, ...]:
    """Return the aliases that point at the version, sorted."""
    versions = client.get_registered_model(registered.name).aliases
    aliases = [
        alias
        for alias, number in versions.items()
        if str(number) == str(registered.version)
    ]
    return tuple(sorted(aliases))


def _json(files: Mapping[str, bytes], name: str) -> dict[str, Any] | None:
    if name not in files:
        return None
    return dict(json.loads(files[name]))


def _model_decision(version: ChampionInfo) -> Decision | None:
    """Return the decision that the model brings along, None where the model is gone or carries none."""
    try:
        return decision_of(version, load_pipeline(version))
    except ModelUnreadableError as error:
        log.warning("The model card says nothing of the threshold: %s", error)
        return None


def _dropped(table: bytes | None) -> dict[str, str]:
    """Return field to reason from the CSV table of dropped columns."""
    if table is None:
        return {}
    rows = pd.read_csv(StringIO(table.decode()), dtype=str)
    return dict(zip(rows["field"], rows["reason"], strict=True))


def _manifest(uri: str) -> dict[str, Any] | None:
    if not uri:
        return None
    try:
        return read_manifest(uri)
    except ObjectMissingError:
        return None


def _decision(tags: Mapping[str, str]) -> dict[str, Any] | None:
    """Return what the gate decided about the version: from its record, or from the tags where the record is gone."""
    if not tags["gate_verdict"]:
        return None
    record = _gate_record(tags["gate_record"])
    return {
        "verdict": tags["gate_verdict"],
        "rule": tags["gate_rule"],
        "decided_at": record.get("decided_at"),
        "reasons": record.get("reasons") or [tags["gate_reason"]],
        "person": _answer(record.get("approval"))
        or tags["gate_approval"]
        or "not asked",
        "record": tags["gate_record"],
    }


def _gate_record(uri: str) -> dict[str, Any]:
    if not uri:
        return {}
    try:
        return dict(read_json(uri))
    except ObjectMissingError:
        return {}


def _answer(approval: Mapping[str, Any] | None) -> str:
    """Say what a person answered, by whom and when; return nothing where nobody was asked."""
    if not approval:
        return ""
    person = approval["by"] or "nobody"
    return f"{approval['choice']} by {person}, {approval['answered_at']}"
