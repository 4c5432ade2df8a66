"""The OpenAPI document of the scoring API: routes by hand, every field of a lead from the contract."""

from http import HTTPStatus
from typing import Any

from include.api.access.auth import KEY_HEADER
from include.api.lead_schema import lead_schema
from include.api.logs import REQUEST_ID
from include.api.score_request import MOST_REASONS, REASONS, VERSION_HEADER
from include.contract import Contract
from include.feedback.verdicts import FeedbackBody
from include.settings import Settings

Json = dict[str, Any]
TEXT: Json = {"type": "string"}
KEYED = (HTTPStatus.UNAUTHORIZED, HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
WITH_BODY = (
    *KEYED,
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.LENGTH_REQUIRED,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
)
MEANING = {
    HTTPStatus.BAD_REQUEST: "the body cannot be read",
    HTTPStatus.UNAUTHORIZED: "no key, or none that anybody has",
    HTTPStatus.LENGTH_REQUIRED: "sent in chunks, without a length",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "too many bytes",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "another content type than those named",
    HTTPStatus.UNPROCESSABLE_ENTITY: "too many leads or columns, or values refused, each named with row and reason",
    HTTPStatus.TOO_MANY_REQUESTS: "wait as long as Retry-After says",
    HTTPStatus.SERVICE_UNAVAILABLE: "nothing to answer with yet: no champion, no keys or no store; try again",
}
REASON_COUNT: Json = {
    "name": "reasons",
    "in": "query",
    "description": "how many reasons for each direction; 0 is several times faster",
    "schema": {"type": "integer", "minimum": 0, "maximum": MOST_REASONS, "default": REASONS},
}


def document(contract: Contract, limits: Settings) -> Json:
    """The document: OpenAPI 3.1, a dict ready for JSON."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Lead scoring",
            "version": f"{contract.contract}-{contract.version}",
            "description": f"{contract.description} Scores, reasons and feedback; see docs/api.md.",
        },
        "security": [{"key": []}, {"bearer": []}, {"basic": []}],
        "paths": _scoring(limits) | _feedback() | _looking(),
        "components": {
            "securitySchemes": {
                "key": {"type": "apiKey", "in": "header", "name": KEY_HEADER},
                "bearer": {"type": "http", "scheme": "bearer"},
                "basic": {"type": "http", "scheme": "basic", "description": "user: the rep; password: the key"},
            },
            "schemas": {
                "Lead": lead_schema(contract, limits.api.max_columns),
                "Feedback": FeedbackBody.model_json_schema(),
                "Prediction": _prediction(contract),
                "Error": _error(),
            },
        },
    }


def _scoring(limits: Settings) -> Json:
    lead = {"$ref": "#/components/schemas/Lead"}
    many = {"type": "array", "items": lead, "minItems": 1, "maxItems": limits.api.max_leads}
    leads = {"application/json": _content({"anyOf": [lead, many]}), "text/csv": _content(TEXT)}
    lines = {"application/jsonlines": _content(TEXT)}
    form = {"type": "object", "properties": {"file": {**TEXT, "format": "binary"}}, "required": ["file"]}
    scores = _object(
        {
            "versions": {"type": "object", "additionalProperties": TEXT},
            "predictions": {"type": "array", "items": {"$ref": "#/components/schemas/Prediction"}},
        }
    )
    upload = {
        "text/csv": _content(TEXT),
        "multipart/form-data": _content(form) | {"encoding": {"file": {"contentType": "text/csv"}}},
    }
    return {
        "/predict": {"post": _post("Score leads", leads, {"application/json": _content(scores)})},
        "/predict/batch": {"post": _post("Score a CSV file", upload, {"text/csv": _content(TEXT)})},
        "/invocations": {
            "post": _post(
                "Score leads, by SageMaker's contract", leads | lines, {"application/json": _content(scores)} | lines
            )
        },
    }


def _post(summary: str, body: Json, reply: Json) -> Json:
    scored = {"description": "scored", "headers": _headers(VERSION_HEADER), "content": reply}
    return {
        "summary": summary,
        "parameters": [REASON_COUNT],
        "requestBody": {"required": True, "content": body},
        "responses": {"200": scored} | _answers(WITH_BODY),
    }


def _feedback() -> Json:
    reply = {"application/json": _content(_object({"id": TEXT, "kept": {"enum": ["now", "before"]}}))}
    kept = {
        str(status.value): {"description": text, "headers": _headers(), "content": reply}
        for status, text in ((HTTPStatus.CREATED, "kept"), (HTTPStatus.OK, "the same has been kept before"))
    }
    body = {"application/json": _content({"$ref": "#/components/schemas/Feedback"})}
    return {
        "/feedback": {
            "post": {
                "summary": "Say that a score is right or wrong",
                "requestBody": {"required": True, "content": body},
                "responses": _answers(WITH_BODY) | kept,
            }
        }
    }


def _looking() -> Json:
    status = _object({"status": TEXT})
    anything = {"type": "object"}
    unready = (HTTPStatus.SERVICE_UNAVAILABLE,)
    return {
        "/model": {"get": _get("The champions in use", "application/json", anything, KEYED)},
        "/metrics": {"get": _get("Figures for Prometheus", "text/plain", TEXT, KEYED)},
        "/healthz": {"get": _get("The process answers", "application/json", status, ()) | {"security": []}},
        "/readyz": {"get": _get("It can score", "application/json", status, unready) | {"security": []}},
        "/ping": {"get": _get("It can score, for SageMaker", "application/json", status, unready) | {"security": []}},
        "/openapi.json": {"get": _get("This document", "application/json", anything, ()) | {"security": []}},
        "/docs": {"get": _get("This document as a page", "text/html", TEXT, ()) | {"security": []}},
    }


def _get(summary: str, media: str, schema: Json, refusals: tuple[HTTPStatus, ...]) -> Json:
    found = {"description": "found", "headers": _headers(), "content": {media: _content(schema)}}
    return {"summary": summary, "responses": {"200": found} | _answers(refusals)}


def _answers(statuses: tuple[HTTPStatus, ...]) -> Json:
    content = {"application/json": _content({"$ref": "#/components/schemas/Error"})}
    return {
        str(status.value): {"description": MEANING[status], "headers": _headers(), "content": content}
        for status in statuses
    }


def _headers(*more: str) -> Json:
    return {name: {"required": True, "schema": TEXT} for name in (REQUEST_ID, *more)}


def _content(schema: Json) -> Json:
    return {"schema": schema}


def _object(properties: Json) -> Json:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _prediction(contract: Contract) -> Json:
    reason = _object({"field": TEXT, "effect": {"type": "number"}, "text": TEXT})
    always = _object(
        {
            contract.key: {"type": ["string", "null"]},
            "score": {"type": "integer", "minimum": 0, "maximum": 100},
            "probability": {"type": "number", "minimum": 0, "maximum": 1},
            "prediction": {"enum": [0, 1]},
            "tier": TEXT,
            "stage": TEXT,
            "model_version": TEXT,
        }
    )
    always["properties"]["reasons"] = {"type": ["array", "null"], "items": reason}
    return always


def _error() -> Json:
    refused = {"type": "object", "properties": {"row": {"type": "integer"}, "field": TEXT, "reason": TEXT}}
    error = _object({"error": TEXT, "request_id": TEXT})
    error["properties"]["problems"] = {"type": "array", "items": refused}
    return error
