"""Hold what the views of one application share, typed, in one place."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import Flask, current_app

from include.api.access.keys import Keys
from include.api.desk.state import Desk
from include.api.metrics import Metrics
from include.api.one_lead.answers import LeadAnswers
from include.contract import Contract
from include.lake.layout import Layout
from include.scoring.champions import Champions
from include.settings import Settings

EXTENSION = "leads"


@dataclass(frozen=True)
class AppState:
    """What the views of one application share.

    Attributes:
        settings: where the application runs, and its limits.
        contract: what a lead is.
        layout: where objects lie in S3.
        champions: the models that score.
        keys: who may ask; None lets everyone through.
        metrics: the figures for Prometheus.
        openapi: the description of the API, ready for JSON.
        desk: what the lead desk shows.
        answers: puts one lead together from its events; None where the contract has no sources.
        further: outcome to the models that score it, for the outcomes beside the main one.
    """

    settings: Settings
    contract: Contract
    layout: Layout
    champions: Champions
    keys: Keys | None
    metrics: Metrics
    openapi: dict[str, Any]
    desk: Desk
    answers: LeadAnswers | None = None
    further: Mapping[str, Champions] = field(default_factory=dict)


def attach_state(app: Flask, state: AppState) -> None:
    """Give an application its state."""
    app.extensions[EXTENSION] = state


def app_state() -> AppState:
    """Return the state of the application that answers this request."""
    state: AppState = current_app.extensions[EXTENSION]
    return state
