"""Write the EDA report of a training snapshot (guide 11): one HTML page with its pictures, and each of them as PNG."""

import json
import logging
from base64 import b64encode
from collections.abc import Mapping
from itertools import combinations
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
from include.training.data.snapshot import load_snapshot, read_manifest

log = logging.getLogger(__name__)
PAGE = "eda.html"
FIGURES = "eda.json"
PERCENTAGES = (
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
"""Columns of the tables that are shares in [0, 1]."""
STRONG_CORRELATION = 0.7


def write_eda(layout: Layout, snapshot_uri: str, run_id: str) -> str:
    """Write the report of the snapshot at `snapshot_uri` into the run's report folder; a second call overwrites it.

    Returns:
        URI of the page `eda.html`; `eda.json` and the PNG files lie beside it.

    Raises:
        NotEnoughRowsError: the snapshot has no rows.
        ObjectMissingError: the snapshot or its manifest is gone.
        SnapshotChangedError: the rows are not those the manifest describes.
    """
    contract = layout.contract
    leads = load_snapshot(snapshot_uri)
    manifest = read_manifest(snapshot_uri)
    lead_profile = profile(leads, contract)
    tokens = source_tokens(leads[contract.key], layout)
    pictures = draw_all(lead_profile)

    folder = layout.report("eda", run_id)
    for name, picture in pictures.items():
        write_bytes(f"{folder}{name}.png", picture)
    figures_text = json.dumps(
        figures(lead_profile, tokens, manifest), indent=2, allow_nan=False
    )
    write_text(folder + FIGURES, figures_text + "\n")
    page_uri = folder + PAGE
    write_text(
        page_uri, page(lead_profile, tokens, pictures, manifest, contract)
    )
    log.info(
        "EDA of %s: %d leads, %d pictures, %s",
        snapshot_uri,
        lead_profile.rows,
        len(pictures),
        page_uri,
    )
    return page_uri


def figures(
    lead_profile: Profile, tokens: SourceTokens, manifest: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the report's main figures, ready for JSON."""
    missing = lead_profile.columns.set_index("field")["missing"]
    strength = lead_profile.indicators.dropna().set_index("field")["AUC alone"]
    return {
        "snapshot_uri": manifest["uri"],
        "snapshot_sha256": manifest["sha256"],
        "rows": lead_profile.rows,
        "columns": len(lead_profile.columns),
        "labelled": lead_profile.labelled,
        "converted": lead_profile.converted,
        "twins": lead_profile.twins,
        "missing": _numbers(missing),
        "null_tokens": {
            "leads": tokens.leads,
            "cells": _token_cells(tokens.counts),
        },
        "auc_alone": _numbers(strength),
    }


def _numbers(series: pd.Series) -> dict[str, float]:
    return {str(field): float(value) for field, value in series.items()}


def _token_cells(counts: pd.DataFrame) -> dict[str, dict[str, int]]:
    """Return token to field to how many cells hold it; fields without any are left out."""
    cells: dict[str, dict[str, int]] = {}
    for token in counts:
        fields = counts[token]
        present = fields[fields > 0]
        cells[str(token)] = {
            str(field): int(count) for field, count in present.items()
        }
    return cells


def page(
    lead_profile: Profile,
    tokens: SourceTokens,
    pictures: Mapping[str, bytes],
    manifest: Mapping[str, Any],
    contract: Contract,
) -> str:
    """Return the report as one HTML page that needs no other file."""
    columns = lead_profile.columns
    encoded_pictures = {
        name: b64encode(picture).decode() for name, picture in pictures.items()
    }
    much_missing = columns.loc[columns["missing"] > MUCH_MISSING, "field"]
    unused = columns.loc[columns["use"] == "near-constant", "field"]
    return render(
        __package__,
        PAGE,
        profile=lead_profile,
        contract=contract,
        manifest=manifest,
        tokens=tokens,
        pictures=encoded_pictures,
        much_missing=list(much_missing),
        much=MUCH_MISSING,
        unused=unused.tolist(),
        correlated=_strong_pairs(lead_profile.correlations, contract.label),
        column_table=_table(columns),
        token_table=_token_table(tokens.counts),
        number_table=_table(lead_profile.numbers)
        if len(lead_profile.numbers)
        else "",
        level_table=_table(lead_profile.top_levels())
        if lead_profile.labelled
        else "",
        indicator_table=_table(lead_profile.indicators),
    )


def _strong_pairs(
    correlations: pd.DataFrame, label: str
) -> list[tuple[str, str, float]]:
    """Return pairs of features with a strong correlation, strongest first; the label is left out."""
    names = [str(name) for name in correlations if name != label]
    pairs = []
    for first, second in combinations(names, 2):
        value = float(correlations[second].loc[first])
        if abs(value) >= STRONG_CORRELATION:
            pairs.append((first, second, value))
    return sorted(pairs, key=lambda pair: -abs(pair[2]))


def _token_table(counts: pd.DataFrame) -> str:
    """Return the fields that hold any null token as an HTML table; return nothing if there are none."""
    present = counts[(counts > 0).any(axis=1)]
    if present.empty:
        return ""
    return _table(present.rename_axis("field").reset_index())


def _table(frame: pd.DataFrame) -> Markup:
    """Return a table as HTML, its numbers as a person reads them."""
    texts = frame.copy()
    for name in texts.select_dtypes("number"):
        pattern = _pattern(str(name), texts[name])
        texts[name] = [
            "" if pd.isna(value) else pattern.format(value)
            for value in texts[name]
        ]
    return Markup(texts.to_html(index=False, border=0, escape=True))  # noqa: S704 - pandas escapes every cell


def _pattern(name: str, values: pd.Series) -> str:
    """Return the format of a column's numbers."""
    if name in PERCENTAGES:
        return "{:.1%}"
    if values.dtype == float:
        return "{:,.4g}"
    return "{:,}"
