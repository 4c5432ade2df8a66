"""Champions from a folder in place of the registry: what `include.endpoint.bundle` packs, and an endpoint serves.

Below it lie an MLflow model folder for each stage that has a champion, and `champions.json` with what the registry
says of them. A contract with several outcomes has the same for each further outcome, in a folder below `outcomes/`.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from include.contract import Contract, KnownAt
from include.registry.errors import ModelFilesChangedError, NoChampionError
from include.registry.model_files import check_files
from include.registry.models import UNREADABLE, load_folder
from include.registry.registry import ChampionInfo
from include.scoring.champions import ChampionHolder, Champions, Load
from include.scoring.errors import ChampionUnusableError
from include.scoring.scorer import Scorer, scorer_of
from include.scoring.stages import STAGES
from include.settings import Settings

INDEX = "champions.json"
FURTHER = "outcomes"
ROOT = "/opt/ml"


def sagemaker_folder(settings: Settings) -> Path:
    """Return the folder that the settings name, else the one that SageMaker unpacks an endpoint's model into."""
    if settings.api.model_folder:
        return Path(settings.api.model_folder)
    base = os.environ.get("SAGEMAKER_BASE_DIR", ROOT)
    return Path(base, "model")


def outcome_folder(folder: Path, contract: Contract) -> Path:
    """Return the folder below which the champions of one outcome lie: `folder` itself for the main one.

    Args:
        folder: of all champions.
        contract: as the outcome sees it.
    """
    if not contract.outcome:
        return folder
    return folder / FURTHER / contract.outcome


def folder_champions(
    settings: Settings, contract: Contract, folder: Path
) -> Champions:
    """Return the champions below a folder, which is read until they are loaded, and then no more.

    Args:
        settings: how often the folder is read.
        contract: as the outcome of the champions sees it.
        folder: what was packed, for all outcomes.
    """
    own_folder = outcome_folder(folder, contract)
    holders = {
        stage: ChampionHolder(_load_once(contract, stage, own_folder))
        for stage in STAGES
    }
    return Champions(contract, holders, settings.scoring.champion_poll_seconds)


def write_index(
    folder: Path, champions: Mapping[KnownAt, ChampionInfo]
) -> None:
    """Write what the registry says of the champions whose model folders lie in `folder`."""
    index: dict[str, dict[str, Any]] = {}
    for stage, info in champions.items():
        index[str(stage)] = asdict(info) | {
            "created_at": info.created_at.isoformat()
        }
    text = json.dumps(index, indent=2, sort_keys=True) + "\n"
    (folder / INDEX).write_text(text, encoding="utf-8")


def read_index(folder: Path) -> dict[KnownAt, ChampionInfo]:
    """Return stage to its champion. Raises ChampionUnusableError without a readable index."""
    try:
        content: dict[str, dict[str, Any]] = json.loads(
            (folder / INDEX).read_text(encoding="utf-8")
        )
        return {
            KnownAt(stage): _info(entry) for stage, entry in content.items()
        }
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise ChampionUnusableError(
            f"{folder} holds no readable {INDEX} ({type(error).__name__}); the model's data must be what "
            "include.endpoint.bundle packs"
        ) from error


def _info(entry: dict[str, Any]) -> ChampionInfo:
    created_at = datetime.fromisoformat(entry["created_at"])
    return ChampionInfo(**entry | {"created_at": created_at})


def _load_once(contract: Contract, stage: KnownAt, folder: Path) -> Load:
    """Return what loads a stage's champion from a folder, once."""

    def load(served: Scorer | None) -> Scorer:
        if served is not None:
            return served
        info = read_index(folder).get(stage)
        if info is None:
            raise NoChampionError(
                f"{folder} was packed without a champion for {stage}"
            )
        try:
            check_files(info, folder / stage)
            pipeline = load_folder(folder / stage)
        except ModelFilesChangedError as error:
            raise ChampionUnusableError(str(error)) from error
        except UNREADABLE as error:
            raise ChampionUnusableError(
                f"{folder / stage} cannot be loaded ({type(error).__name__}); pack it again"
            ) from error
        return scorer_of(contract, stage, info, pipeline)

    return load
