"""What a model card is made of: a version's tags, its run's artefacts, its snapshot and the decision about it."""

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
from include.training.snapshot import read_manifest

log = logging.getLogger(__name__)

PLOTS = ("roc", "precision_recall", "calibration", "gain")
WANTED = (
    *(f"holdout/{name}.png" for name in PLOTS),
    "shap/summary.png",
    "holdout/evaluation.json",
    "newest/evaluation.json",
    "features/dropped_columns.csv",
    "features/unmapped_levels.json",
)


@dataclass(frozen=True)
class CardFacts:
    """Everything that a card says of one version.

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
        """Figures on the holdout: the run's, else those on the version's tag."""
        found: dict[str, float] = self.holdout["metrics"] if self.holdout else json.loads(self.tags["metrics"] or "{}")
        return found

    @property
    def learnt(self) -> int | None:
        """Labelled leads of the snapshot that are not in the holdout."""
        return self.manifest["labelled_rows"] - self.holdout["rows"] if self.manifest and self.holdout else None

    @property
    def status(self) -> str:
        """What the version is at present, in a sentence."""
        return f"At present the {' and '.join(self.aliases)}." if self.aliases else "At present without a role."


def card_facts(settings: Settings, client: MlflowClient, model: str, version: str) -> CardFacts:
    """Gathers the facts; whatever is gone is empty or None.

    Raises:
        mlflow.exceptions.MlflowException: there is no such version.
    """
    found = client.get_model_version(model, version)
    tags: Mapping[str, str] = defaultdict(str, found.tags)
    files = artefacts(client, found.run_id)
    registered_at = datetime.fromtimestamp(found.creation_timestamp / 1000, tz=UTC)
    return CardFacts(
        model=model,
        version=version,
        stage=tags["stage"] or KnownAt.CONTACT.value,
        run_id=found.run_id,
        run_url=run_url(settings, client, found.run_id),
        registered_at=registered_at.isoformat(timespec="seconds"),
        aliases=_aliases(client, found),
        tags=tags,
        holdout=_json(files, "holdout/evaluation.json"),
        newest=_json(files, "newest/evaluation.json"),
        pictures={Path(name).stem: content for name, content in files.items() if name.endswith(".png")},
        dropped=_dropped(files.get("features/dropped_columns.csv")),
        unmapped=_json(files, "features/unmapped_levels.json") or {},
        manifest=_manifest(tags["snapshot_uri"]),
        model_decision=_model_decision(
            ChampionInfo(model, version, found.run_id, dict(found.tags), registered_at),
        ),
        decision=_decision(tags),
    )


def artefacts(client: MlflowClient, run_id: str) -> dict[str, bytes]:
    """Path to content of the wanted files that the run has."""
    folders = sorted({name.partition("/")[0] for name in WANTED})
    present = {file.path for folder in folders for file in client.list_artifacts(run_id, folder)}
    with tempfile.TemporaryDirectory() as target:
        return {
            name: Path(client.download_artifacts(run_id, name, target)).read_bytes()
            for name in WANTED
            if name in present
        }


def _aliases(client: MlflowClient, found: ModelVersion) -> tuple[str, ...]:
    aliases = client.get_registered_model(found.name).aliases
    return tuple(sorted(alias for alias, number in aliases.items() if str(number) == str(found.version)))


def _json(files: Mapping[str, bytes], name: str) -> dict[str, Any] | None:
    return dict(json.loads(files[name])) if name in files else None


def _model_decision(version: ChampionInfo) -> Decision | None:
    """Return the decision that the model brings along, None where the model is gone or carries none."""
    try:
        return decision_of(version, load_pipeline(version))
    except ModelUnreadableError as error:
        log.warning("The model card says nothing of the threshold: %s", error)
        return None


def _dropped(table: bytes | None) -> dict[str, str]:
    if table is None:
        return {}
    rows = pd.read_csv(StringIO(table.decode()), dtype=str)
    return dict(zip(rows["field"], rows["reason"], strict=True))


def _manifest(uri: str) -> dict[str, Any] | None:
    try:
        return read_manifest(uri) if uri else None
    except ObjectMissingError:
        return None


def _decision(tags: Mapping[str, str]) -> dict[str, Any] | None:
    """What the gate decided about the version: from its record, or from the tags alone where that is gone."""
    if not tags["gate_verdict"]:
        return None
    try:
        record: dict[str, Any] = read_json(tags["gate_record"]) if tags["gate_record"] else {}
    except ObjectMissingError:
        record = {}
    approval = record.get("approval")
    answer = f"{approval['choice']} by {approval['by'] or 'nobody'}, {approval['answered_at']}" if approval else ""
    return {
        "verdict": tags["gate_verdict"],
        "rule": tags["gate_rule"],
        "decided_at": record.get("decided_at"),
        "reasons": record.get("reasons") or [tags["gate_reason"]],
        "person": answer or tags["gate_approval"] or "not asked",
        "record": tags["gate_record"],
    }
