"""Compile `sources:`, `identity:`, `stages:` and `features:` of a contract whose leads come from several systems.

The contract then has a column for each feature, so that whatever reads a contract needs to know nothing of sources.
What the ingestion job needs stands in the contract's `unify`, as plain values:

    sources     name, role, prefix, key, occurred_at, arrived_at, late_after, expected_every, gate, and
                `contract` for reading its files
    identity    fields of `include.contract.format.identity.IdentityDocument`, columns by their fields
    features    as they are declared
    stages      name to microseconds, or to the events whose first one is the moment
    outcomes    name, source and column of each, and when it is final
"""

from string import Formatter
from typing import Any

from pydantic import ValidationError

from include.contract.format.compile import compile_columns, field_of
from include.contract.format.document import (
    ContractDocument,
    OutcomeDocument,
    SourceDocument,
)
from include.contract.format.features import (
    MICROSECONDS,
    VALUE,
    Count,
    CountDistinct,
    Events,
    Feature,
    FirstValue,
    HappenedWithin,
    HistoricalRate,
    LastValue,
    ValueAsItWas,
    check_sources,
    span_microseconds,
)
from include.contract.format.identity import IdentityDocument
from include.contract.model import (
    DEFAULT_NULL_TOKENS,
    SCORING_STAGES,
    Column,
)

LEADS = "leads"
LEAD_KEY = "lead"
ROW_KEY = "row_key"
FEATURE_BECAUSE = "computed from what had occurred and arrived at that moment"
ANYTHING = 1_000_000
"""So many records may share the lead's key where no identity is declared: it is a key whatever happens."""


def with_sources(
    document: ContractDocument, content: dict[str, Any]
) -> dict[str, Any]:
    """Return what a contract is made of, with its sources and a column for each feature.

    Args:
        document: as a person wrote it.
        content: of `include.contract.format.compile.compile_contract`; its own columns come first.

    Raises:
        ValueError: a part names what another one does not have, or there is not one source of leads.
    """
    if not document.sources:
        _check_no_sources(document)
        return content
    sources = _compile_sources(document, content)
    names = {name: _fields(source) for name, source in sources.items()}
    outcomes = frozenset(outcome.name for outcome in document.outcomes)
    check_sources(document.features, names, outcomes)
    for feature in document.features:
        content["columns"].append(feature_column(feature))
    identity = _identity(document, sources, names)
    content["unify"] = {
        "sources": list(sources.values()),
        "identity": identity.model_dump(mode="json"),
        "features": [
            feature.model_dump(mode="json") for feature in document.features
        ],
        "stages": _stages(document, names),
        "outcomes": [
            _outcome(document, content, outcome)
            for outcome in document.outcomes
        ],
    }
    return content


def _check_no_sources(document: ContractDocument) -> None:
    """Raise ValueError where something needs sources and there are none."""
    for key in ("identity", "features"):
        if getattr(document, key):
            raise ValueError(f"'{key}' needs 'sources', and there are none")
    for outcome in document.outcomes:
        if outcome.source is not None:
            raise ValueError(
                f"the outcome {outcome.name!r} names the source {outcome.source!r}, and there are no 'sources'"
            )


def feature_column(feature: Feature) -> dict[str, Any]:
    """Return the column that holds a feature.

    Raises:
        ValueError: a sentence shows another feature, which the reason of a column cannot.
    """
    for template in feature.reason.templates:
        for _, name, _, _ in Formatter().parse(template):
            if name not in (None, VALUE):
                raise ValueError(
                    f"feature {feature.name!r}: the sentence {template!r} shows {name!r}; a reason shows {{value}} only"
                )
    sentences = feature.reason.model_dump()
    content: dict[str, Any] = {
        "name": feature.name,
        "field": feature.name,
        "type": _column_type(feature),
        "label": feature.label,
        "description": feature.description or f"{feature.label}.",
        "known_at": feature.known_at,
        "because": FEATURE_BECAUSE,
        "optional": True,
        "sentences": {key: text for key, text in sentences.items() if text},
    }
    if content["type"] == "integer":
        content["minimum"] = 0
    if isinstance(feature, HistoricalRate):
        # It moves as outcomes come in, which is no reason to retrain.
        content["seasonal"] = True
    return content


def _column_type(feature: Feature) -> str:
    match feature:
        case Count() | CountDistinct() | HappenedWithin():
            return "integer"
        case FirstValue() | LastValue() | ValueAsItWas():
            return "category" if feature.type == "text" else "number"
        case _:
            return "number"


def _compile_sources(
    document: ContractDocument, content: dict[str, Any]
) -> dict[str, dict[str, Any]]:
    """Return each source by its name."""
    _check_roles(document)
    sources: dict[str, dict[str, Any]] = {}
    for source in document.sources:
        columns = _source_columns(document, content, source)
        _check_columns(source, columns)
        sources[source.name] = _compile_source(
            document, content, source, columns
        )
    return sources


def _check_roles(document: ContractDocument) -> None:
    """Raise ValueError unless sources have names and folders of their own and one is that of the leads."""
    names = [source.name for source in document.sources]
    if len(set(names)) < len(names):
        raise ValueError("two 'sources' have one name")
    leads = [source for source in document.sources if source.role == LEADS]
    if len(leads) != 1:
        raise ValueError(
            f"{len(leads)} of the 'sources' have the role leads; exactly one must"
        )
    prefixes = sorted(source.prefix for source in document.sources)
    for prefix, following in zip(prefixes, prefixes[1:], strict=False):
        if following.startswith(prefix):
            raise ValueError(
                f"the source's prefix {following!r} lies inside {prefix!r}; give each source a folder of its own"
            )
    if not isinstance(document.key, str) or not isinstance(document.clock, str):
        raise ValueError(
            "with 'sources', 'key' and 'clock' each name one column of the leads"
        )


def _source_columns(
    document: ContractDocument,
    content: dict[str, Any],
    source: SourceDocument,
) -> list[dict[str, Any]]:
    """Return the columns of a source's files."""
    own = document.model_copy(update={"columns": source.columns})
    outcomes = [
        outcome
        for outcome in document.outcomes
        if outcome.source == source.name
    ]
    columns = compile_columns(own, outcomes)
    if source.role != LEADS:
        return columns
    elsewhere = {
        outcome.name
        for outcome in document.outcomes
        if outcome.source is not None
    }
    contract_columns = [
        column
        for column in content["columns"]
        if column["field"] not in elsewhere
    ]
    return [*contract_columns, *columns]


def _check_columns(
    source: SourceDocument, columns: list[dict[str, Any]]
) -> None:
    """Raise ValueError for the first column that is none."""
    fields: set[str] = set()
    for column in columns:
        try:
            Column.model_validate(column)
        except ValidationError as error:
            problem = error.errors()[0]
            raise ValueError(
                f"source {source.name!r}: column {column['name']!r}: {problem['msg']}"
            ) from error
        if column["field"] in fields:
            raise ValueError(
                f"source {source.name!r}: two columns share the field {column['field']!r}"
            )
        fields.add(column["field"])


def _compile_source(
    document: ContractDocument,
    content: dict[str, Any],
    source: SourceDocument,
    columns: list[dict[str, Any]],
) -> dict[str, Any]:
    occurred_at = _moment(source, "occurred_at", source.occurred_at, columns)
    arrived_at = None
    if source.arrived_at is not None:
        arrived_at = _moment(source, "arrived_at", source.arrived_at, columns)
    key = None
    if source.key is not None:
        key = field_of(f"{source.name}.key", source.key, columns)
    if source.role == LEADS and source.gate.model_fields_set - {"min_rows"}:
        raise ValueError(
            f"source {source.name!r}: the leads' 'gate' takes min_rows only; write their largest quarantined share as "
            "'max_quarantined_share' in 'decisions'. Leads are always matched"
        )
    return {
        "name": source.name,
        "role": source.role,
        "prefix": source.prefix,
        "key": key,
        "occurred_at": occurred_at,
        "arrived_at": arrived_at,
        "late_after": _span(source.late_after),
        "expected_every": _span(source.expected_every),
        "gate": source.gate.model_dump(),
        "contract": _job_contract(document, content, source, columns),
    }


def _span(text: str | None) -> int | None:
    """Return a span in microseconds, None for none."""
    return None if text is None else span_microseconds(text)


def _moment(
    source: SourceDocument,
    key: str,
    name: str,
    columns: list[dict[str, Any]],
) -> str:
    """Return the field of a column of moments."""
    field = field_of(f"{source.name}.{key}", name, columns)
    kinds = {column["field"]: column["type"] for column in columns}
    if kinds[field] not in ("date", "timestamp"):
        raise ValueError(
            f"'{source.name}.{key}' names {name!r}, whose type is {kinds[field]}; write timestamp"
        )
    return field


def _job_contract(
    document: ContractDocument,
    content: dict[str, Any],
    source: SourceDocument,
    columns: list[dict[str, Any]],
) -> dict[str, Any]:
    """Return what `include.glue.job_contract` reads; each row has a key of its own, so that none replaces another."""
    row_key = {
        "name": ROW_KEY,
        "field": ROW_KEY,
        "type": "string",
        "derived": ROW_KEY,
    }
    files = content["files"]
    null_tokens = content["null_tokens"]
    if source.files is not None:
        files = source.files.model_dump(
            exclude={"null_tokens"}, exclude_unset=True
        )
        null_tokens = source.files.null_tokens or DEFAULT_NULL_TOKENS
    return {
        "columns": [*(_plain(column) for column in columns), row_key],
        "key": ROW_KEY,
        "files": files,
        "null_tokens": list(null_tokens),
    }


def _plain(column: dict[str, Any]) -> dict[str, Any]:
    """Return a column as JSON has it."""
    return Column.model_validate(column).model_dump(
        mode="json", exclude_defaults=True
    )


def _fields(source: dict[str, Any]) -> frozenset[str]:
    """Return the names of a source's columns."""
    columns = source["contract"]["columns"]
    return frozenset(
        column["field"] for column in columns if not column.get("derived")
    )


def _identity(
    document: ContractDocument,
    sources: dict[str, dict[str, Any]],
    names: dict[str, frozenset[str]],
) -> IdentityDocument:
    """Return the identity with columns by their fields; without one the lead's key says who everybody is."""
    identity = document.identity
    if identity is None:
        return _identity_by_key(document, sources)
    entries: dict[str, Any] = {}
    for name, entry in identity.sources.items():
        if name not in sources:
            raise ValueError(
                f"'identity' names the source {name!r}; sources are {', '.join(sources)}"
            )
        columns = sources[name]["contract"]["columns"]
        keys = {
            key: tuple(
                field_of(f"identity.{name}.{key}", column, columns)
                for column in key_columns
            )
            for key, key_columns in entry.keys.items()
        }
        defines = sources[name]["role"] == LEADS
        if entry.defines != defines:
            raise ValueError(
                f"'identity.sources.{name}.defines' must be {str(defines).lower()}: people are whom the leads define"
            )
        entries[name] = {"defines": defines, "keys": keys}
    without = sorted(set(sources) - set(entries))
    if without:
        raise ValueError(
            f"'identity.sources' lacks {', '.join(without)}; name its keys"
        )
    content = identity.model_dump() | {"sources": entries}
    return IdentityDocument.model_validate(content)


def _identity_by_key(
    document: ContractDocument, sources: dict[str, dict[str, Any]]
) -> IdentityDocument:
    entries: dict[str, Any] = {}
    for source in document.sources:
        defines = source.role == LEADS
        name = str(document.key) if defines else source.lead
        if name is None:
            raise ValueError(
                f"source {source.name!r} needs 'lead', the column with the lead's key, since there is no 'identity'"
            )
        columns = sources[source.name]["contract"]["columns"]
        field = field_of(f"{source.name}.lead", name, columns)
        entries[source.name] = {"defines": defines, "keys": {LEAD_KEY: [field]}}
    return IdentityDocument.model_validate(
        {
            "keys": [{"name": LEAD_KEY, "kind": "id"}],
            "sources": entries,
            "max_records": ANYTHING,
        }
    )


def _stages(
    document: ContractDocument, names: dict[str, frozenset[str]]
) -> dict[str, Any]:
    stages: dict[str, Any] = {}
    for stage in SCORING_STAGES:
        name = str(stage)
        moment = getattr(document.stages, name)
        if isinstance(moment, Events):
            _check_events(name, moment, names)
            stages[name] = moment.model_dump(mode="json")
        elif moment is None:
            stages[name] = 0
        else:
            stages[name] = span_microseconds(moment)
    return stages


def _check_events(
    stage: str, events: Events, names: dict[str, frozenset[str]]
) -> None:
    """Raise ValueError where the events of a stage are none."""
    if events.source not in names:
        raise ValueError(
            f"'stages.{stage}' names the source {events.source!r}; sources are {', '.join(names)}"
        )
    for column in events.where:
        if column not in names[events.source]:
            raise ValueError(
                f"'stages.{stage}' names {column!r}, which is no column of {events.source}"
            )


def _outcome(
    document: ContractDocument,
    content: dict[str, Any],
    outcome: OutcomeDocument,
) -> dict[str, Any]:
    sources = {source.name: source for source in document.sources}
    name = outcome.source
    if name is None:
        (name,) = (
            source.name for source in document.sources if source.role == LEADS
        )
    if name not in sources:
        raise ValueError(
            f"the outcome {outcome.name!r} names the source {name!r}; sources are {', '.join(sources)}"
        )
    kinds = {column["field"]: column["type"] for column in content["columns"]}
    clock = content["clock"]
    if kinds[clock] not in ("date", "timestamp"):
        raise ValueError(
            f"'clock' names {clock}, whose type is {kinds[clock]}; with 'sources' it is a date or timestamp"
        )
    return {
        "name": outcome.name,
        "source": name,
        "column": outcome.name,
        "matures_after": round(
            (outcome.within_days or 0) * MICROSECONDS["day"]
        ),
    }
