"""The EDA report of a training snapshot (guide 11): one HTML page that holds its pictures, and each of them as PNG."""

import json
import logging
from base64 import b64encode
from collections.abc import Mapping
from typing import Any

import pandas as pd
from markupsafe import Markup

from include.contract import Contract
from include.lake.layout import Layout
from include.lake.objects import write_bytes, write_text
from include.pages.render import render
from include.reporting.eda_plots import MUCH_MISSING, draw_all
from include.reporting.eda_source import SourceTokens, source_tokens
from include.reporting.eda_tables import Profile, profile
from include.training.snapshot import load_snapshot, read_manifest

log = logging.getLogger(__name__)
PAGE, FIGURES = "eda.html", "eda.json"
SHARES = (
    "missing",
    "its share",
    "rate if missing",
    "rate if present",
    "zeros",
    "outliers",
    "share",
    "rate",
    "low",
    "high",
)


def write_eda(layout: Layout, snapshot_uri: str, run_id: str) -> str:
    """Writes the report of the snapshot at `snapshot_uri` into the run's report folder; a second call overwrites it.

    Returns:
        URI of the page `eda.html`; `eda.json` and the PNG files lie beside it.

    Raises:
        NotEnoughRowsError: the snapshot has no rows.
        ObjectMissingError: the snapshot or its manifest is gone.
        SnapshotChangedError: the rows are not those the manifest describes.
    """
    contract = layout.contract
    leads, manifest = load_snapshot(snapshot_uri), read_manifest(snapshot_uri)
    found, tokens = profile(leads, contract), source_tokens(leads[contract.key], layout)
    pictures, folder = draw_all(found), layout.report("eda", run_id)
    for name, picture in pictures.items():
        write_bytes(f"{folder}{name}.png", picture)
    write_text(folder + FIGURES, json.dumps(figures(found, tokens, manifest), indent=2, allow_nan=False) + "\n")
    write_text(folder + PAGE, page(found, tokens, pictures, manifest, contract))
    log.info("EDA of %s: %d leads, %d pictures, %s", snapshot_uri, found.rows, len(pictures), folder + PAGE)
    return folder + PAGE


def figures(found: Profile, tokens: SourceTokens, manifest: Mapping[str, Any]) -> dict[str, Any]:
    """The report's main figures, ready for JSON."""
    strength = found.indicators.dropna().set_index("field")["AUC alone"]
    return {
        "snapshot_uri": manifest["uri"],
        "snapshot_sha256": manifest["sha256"],
        "rows": found.rows,
        "columns": len(found.columns),
        "labelled": found.labelled,
        "converted": found.converted,
        "twins": found.twins,
        "missing": {str(field): float(share) for field, share in found.columns.set_index("field")["missing"].items()},
        "null_tokens": {"leads": tokens.leads, "cells": _cells(tokens.counts)},
        "auc_alone": {str(field): float(value) for field, value in strength.items()},
    }


def _cells(counts: pd.DataFrame) -> dict[str, dict[str, int]]:
    return {str(token): {str(field): int(cells) for field, cells in counts[token].items() if cells} for token in counts}


def page(
    found: Profile,
    tokens: SourceTokens,
    pictures: Mapping[str, bytes],
    manifest: Mapping[str, Any],
    contract: Contract,
) -> str:
    """The report as one HTML page that needs no other file."""
    counts = tokens.counts[(tokens.counts > 0).any(axis=1)]
    columns = found.columns
    return render(
        __package__,
        PAGE,
        found=found,
        contract=contract,
        manifest=manifest,
        tokens=tokens,
        pictures={name: b64encode(picture).decode() for name, picture in pictures.items()},
        much_missing=list(columns.loc[columns["missing"] > MUCH_MISSING, "field"]),
        much=MUCH_MISSING,
        unused=columns.loc[columns["use"] == "near-constant", "field"].tolist(),
        correlated=_correlated(found.correlations, contract.label),
        column_table=_table(columns),
        token_table=_table(counts.rename_axis("field").reset_index()) if len(counts) else "",
        number_table=_table(found.numbers) if len(found.numbers) else "",
        level_table=_table(found.top_levels()) if found.labelled else "",
        indicator_table=_table(found.indicators),
    )


def _correlated(table: pd.DataFrame, label: str, least: float = 0.7) -> list[tuple[str, str, float]]:
    names = [str(name) for name in table if name != label]
    pairs = [(a, b, float(table[b].loc[a])) for place, a in enumerate(names) for b in names[place + 1 :]]
    return sorted((pair for pair in pairs if abs(pair[2]) >= least), key=lambda pair: -abs(pair[2]))


def _table(frame: pd.DataFrame) -> Markup:
    shown = frame.copy()
    for name in shown.select_dtypes("number"):
        form = "{:.1%}" if name in SHARES else "{:,.4g}" if shown[name].dtype == float else "{:,}"
        shown[name] = ["" if pd.isna(value) else form.format(value) for value in shown[name]]
    return Markup(shown.to_html(index=False, border=0, escape=True))  # noqa: S704 - pandas escapes every cell
