"""Describe the scoring API in OpenAPI 3.1: routes by hand, replies from models, a lead's fields from the contract.

flask-openapi3 4.3.2 and APIFlask 3.1.2 derive a route's description from what the framework validates, and validation
stays ours (see error_replies.py for the figures). What would be left to them is less than what stands here: both take
one content type for a body, where four routes of ours take two or three, and neither knows the headers of a refusal.
"""

from http import HTTPStatus
from typing import Any

from include.api.access.auth import KEY_HEADER
from include.api.bodies.wrappers import LISTS, SHAPES, is_wrapper
from include.api.logs import REQUEST_ID
from include.api.openapi.lead_request import request_schemas
from include.api.openapi.lead_schema import lead_schema
from include.api.openapi.replies import reply_schemas
from include.api.score_reply import (
    BLANK_ROWS_HEADER,
    IGNORED_COUNT_HEADER,
    IGNORED_HEADER,
)
from include.api.score_request import MOST_REASONS, REASONS, VERSION_HEADER
from include.contract import Contract
from include.contract.derived.shown import further_outcomes
from include.scoring.leads.names import LeadNames
from include.scoring.outcomes import OUTCOMES
from include.scoring.scored_csv import added_columns
from include.settings import ApiSettings

Json = dict[str, Any]
TEXT: Json = {"type": "string"}
JSON_TYPE = "application/json"
CSV_TYPE = "text/csv"
JSON_LINES_TYPE = "application/jsonlines"
KEYED = (
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.SERVICE_UNAVAILABLE,
)
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
    HTTPStatus.UNAUTHORIZED: "no key, or an unknown one",
    HTTPStatus.FORBIDDEN: "a key that is for other contracts",
    HTTPStatus.LENGTH_REQUIRED: "sent in chunks, without a length",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "too many bytes, or more leads than one file may have",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "another content type than those named",
    HTTPStatus.UNPROCESSABLE_ENTITY: "too many leads or columns, no name that means a column, a CSV without a header, "
    "or values refused, each named with row and reason",
    HTTPStatus.TOO_MANY_REQUESTS: "wait as long as Retry-After says",
    HTTPStatus.SERVICE_UNAVAILABLE: "nothing to answer with yet: no champion, keys or store; or a file took too long",
}
REASON_COUNT: Json = {
    "name": "reasons",
    "in": "query",
    "description": "how many reasons for each direction; 0 is several times faster",
    "schema": {
        "type": "integer",
        "minimum": 0,
        "maximum": MOST_REASONS,
        "default": REASONS,
    },
}
SECURITY_SCHEMES: Json = {
    "key": {"type": "apiKey", "in": "header", "name": KEY_HEADER},
    "bearer": {"type": "http", "scheme": "bearer"},
    "basic": {
        "type": "http",
        "scheme": "basic",
        "description": "user: the rep; password: the key",
    },
}


def document(contract: Contract, limits: ApiSettings) -> Json:
    """Return the document, a dict ready for JSON."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Lead scoring",
            "version": f"{contract.contract}-{contract.version}",
            "description": f"{contract.description} Scores, reasons and feedback; see docs/api.md.",
        },
        "security": [{name: []} for name in SECURITY_SCHEMES],
        "paths": _scoring_paths(contract, limits)
        | _feedback_path()
        | _status_paths(),
        "components": {
            "securitySchemes": SECURITY_SCHEMES,
            "schemas": {"Lead": lead_schema(contract, limits.max_columns)}
            | request_schemas(contract, limits.max_events, limits.max_columns)
            | reply_schemas(contract),
        },
    }


def _scoring_paths(contract: Contract, limits: ApiSettings) -> Json:
    many_leads = {
        "type": "array",
        "items": _ref("Lead"),
        "minItems": 1,
        "maxItems": limits.max_leads,
    }
    leads = {
        JSON_TYPE: _content(
            {
                "anyOf": [
                    _ref("Lead"),
                    many_leads,
                    *_wrapped(contract, many_leads),
                    *_one_lead(contract),
                ],
                "description": f"{SHAPES}.",
            }
        ),
        CSV_TYPE: _content(TEXT),
    }
    form = {
        "type": "object",
        "properties": {"file": TEXT | {"format": "binary"}},
        "required": ["file"],
        "additionalProperties": False,
    }
    upload = {
        CSV_TYPE: _content(TEXT),
        "multipart/form-data": _content(form)
        | {"encoding": {"file": {"contentType": CSV_TYPE}}},
    }
    lines = {JSON_LINES_TYPE: _content(TEXT)}
    scores = {JSON_TYPE: _content(_ref("Scores"))}
    scored_lines = {JSON_LINES_TYPE: _content(_scored_lines(contract))}
    scored_file = {CSV_TYPE: _content(_scored_file(contract))}
    return {
        "/predict": {"post": _post("Score leads", leads, scores)},
        "/predict/batch": {
            "post": _post(
                "Score a CSV file",
                upload,
                scored_file,
                IGNORED_HEADER,
                IGNORED_COUNT_HEADER,
                BLANK_ROWS_HEADER,
            )
        },
        "/invocations": {
            "post": _post(
                "Score leads, by SageMaker's contract",
                leads | lines,
                scores | scored_lines,
            )
        },
    }


def _scored_lines(contract: Contract) -> Json:
    """Return the schema of a reply in JSON lines."""
    if not further_outcomes(contract):
        return TEXT
    names = ", ".join(further_outcomes(contract))
    return TEXT | {
        "description": f"A prediction on each line, with those of {names} in its object `{OUTCOMES}`, where they have "
        "a champion."
    }


def _scored_file(contract: Contract) -> Json:
    """Return the schema of a scored CSV."""
    if not further_outcomes(contract):
        return TEXT
    names = ", ".join(added_columns(contract, REASONS).values())
    return TEXT | {
        "description": f"The rows of the file with the columns {names}. Cells of an outcome without a champion are "
        "empty."
    }


def _wrapped(contract: Contract, many_leads: Json) -> list[Json]:
    """Return the schema of an object that holds a list of leads under the first name that is no column's.

    The body's description names the others. A schema of a frame could not say that its rows fit its columns.
    """
    names = LeadNames(contract)
    wrappers = [name for name in LISTS if is_wrapper(name, names)]
    return [
        {
            "type": "object",
            "properties": {wrapper: many_leads},
            "required": [wrapper],
            "additionalProperties": False,
        }
        for wrapper in wrappers[:1]
    ]


def _one_lead(contract: Contract) -> list[Json]:
    """Return the schemas of a request for one lead, which only a contract with sources has."""
    if not contract.unify:
        return []
    return [_ref("LeadWithEvents"), _ref("LeadById")]


def _post(summary: str, body: Json, reply: Json, *headers: str) -> Json:
    scored = {
        "description": "scored",
        "headers": _headers(VERSION_HEADER, *headers),
        "content": reply,
    }
    return {
        "summary": summary,
        "parameters": [REASON_COUNT],
        "requestBody": {"required": True, "content": body},
        "responses": {"200": scored} | _refusals(WITH_BODY),
    }


def _feedback_path() -> Json:
    reply = {JSON_TYPE: _content(_ref("FeedbackReply"))}
    stored = {
        "201": {"description": "kept", "headers": _headers(), "content": reply},
        "200": {
            "description": "the same has been kept before",
            "headers": _headers(),
            "content": reply,
        },
    }
    body = {JSON_TYPE: _content(_ref("FeedbackBody"))}
    return {
        "/feedback": {
            "post": {
                "summary": "Say that a score is right or wrong",
                "requestBody": {"required": True, "content": body},
                "responses": _refusals(WITH_BODY) | stored,
            }
        }
    }


def _status_paths() -> Json:
    status = _ref("Status")
    anything = {"type": "object"}
    unready = (HTTPStatus.SERVICE_UNAVAILABLE,)
    return {
        "/model": {
            "get": _get("The champions in use", JSON_TYPE, anything, KEYED)
        },
        "/metrics": {
            "get": _get("Figures for Prometheus", "text/plain", TEXT, KEYED)
        },
        "/healthz": {
            "get": _get_open("The process answers", JSON_TYPE, status)
        },
        "/readyz": {
            "get": _get_open("It can score", JSON_TYPE, status, unready)
        },
        "/ping": {
            "get": _get_open(
                "It can score, for SageMaker", JSON_TYPE, status, unready
            )
        },
        "/openapi.json": {
            "get": _get_open("This document", JSON_TYPE, anything)
        },
        "/docs": {
            "get": _get_open("This document as a page", "text/html", TEXT)
        },
    }


def _get(
    summary: str, media: str, schema: Json, refusals: tuple[HTTPStatus, ...]
) -> Json:
    answer = {
        "description": "answered",
        "headers": _headers(),
        "content": {media: _content(schema)},
    }
    return {
        "summary": summary,
        "responses": {"200": answer} | _refusals(refusals),
    }


def _get_open(
    summary: str,
    media: str,
    schema: Json,
    refusals: tuple[HTTPStatus, ...] = (),
) -> Json:
    """Return the description of a route that asks for no key."""
    description = _get(summary, media, schema, refusals)
    description["security"] = []
    return description


def _refusals(statuses: tuple[HTTPStatus, ...]) -> Json:
    content = {JSON_TYPE: _content(_ref("Error"))}
    return {
        str(status.value): {
            "description": MEANING[status],
            "headers": _headers(),
            "content": content,
        }
        for status in statuses
    }


def _headers(*further: str) -> Json:
    names = (REQUEST_ID, *further)
    return {name: {"required": True, "schema": TEXT} for name in names}


def _content(schema: Json) -> Json:
    return {"schema": schema}


def _ref(model: str) -> Json:
    return {"$ref": f"#/components/schemas/{model}"}
