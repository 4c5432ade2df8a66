"""Tell by its first words what a statement is: one that local AWS runs, one that only Redshift has, or neither."""

from collections.abc import Sequence

from sqlglot import Token

from localaws.redshift.errors import (
    RedshiftError,
    RedshiftSyntaxError,
    UnsupportedFeatureError,
)

_RUNS_TEXT = """
    select with ( insert update delete merge truncate copy unload vacuum analyze analyse grant create drop alter
"""
_RUNS = frozenset(_RUNS_TEXT.split())
_ONLY_REDSHIFT_TEXT = """
    abort attach begin call cancel close comment commit deallocate declare desc detach end execute explain fetch
    lock prepare refresh reset revoke rollback set show start use
"""
_ONLY_REDSHIFT = frozenset(_ONLY_REDSHIFT_TEXT.split())
"""Source: https://docs.aws.amazon.com/redshift/latest/dg/c_SQL_commands.html"""
_PARAMETERS_TEXT = """
    analyze_threshold_percent auto_analyze authorization cast_super_null_on_error client_encoding
    datashare_break_glass_session_var datestyle default_geometry_encoding describe_field_name_in_uppercase
    downcase_delimited_identifier enable_case_sensitive_identifier enable_case_sensitive_super_attribute
    enable_numeric_rounding enable_result_cache_for_session enable_vacuum_boost error_on_nondeterministic_update
    extra_float_digits interval_forbid_composite_literals json_parse_dedup_attributes json_serialization_enable
    json_serialization_parse_nested_strings max_concurrency_scaling_clusters max_cursor_result_set_size
    mv_enable_aqmv_for_session navigate_super_null_on_error parse_super_null_on_error pg_federation_repeatable_read
    query_group search_path seed spectrum_enable_pseudo_columns spectrum_query_maxerror session statement_timeout
    stored_proc_log_min_messages time timezone transaction use_fips_ssl wlm_query_slot_count wlm_json_configuration
    application_name
"""
_PARAMETERS = frozenset(_PARAMETERS_TEXT.split())
"""Source: https://docs.aws.amazon.com/redshift/latest/dg/cm_chap_ConfigurationRef.html and r_SET.html"""
_OBJECTS = {
    "create": ({"table", "view", "role", "schema", "temp", "temporary", "local", "or"},
               {"database", "datashare", "external", "function", "group", "identity", "library", "masking",
                "materialized", "model", "procedure", "rls", "user", "template"}),
    "drop": ({"table", "view", "schema"},
             {"database", "datashare", "external", "function", "group", "identity", "library", "masking",
              "materialized", "model", "procedure", "rls", "role", "user", "template"}),
    "alter": ({"table"},
              {"database", "datashare", "default", "external", "function", "group", "identity", "masking",
               "materialized", "procedure", "rls", "role", "schema", "system", "user", "template"}),
}  # fmt: skip
_ALTERATIONS = (
    ("owner", "to"), ("append", "from"), ("alter", "distkey"), ("alter", "diststyle"), ("alter", "sortkey"),
    ("alter", "compound"), ("alter", "encode"), ("row", "level"), ("masking", "on"), ("masking", "off"),
)  # fmt: skip
"""Actions of ALTER TABLE that local AWS has not. Source: https://docs.aws.amazon.com/redshift/latest/dg/r_ALTER_TABLE.html"""
_NOT_REPLACED = frozenset({"table", "temp", "temporary", "schema", "role"})


def check_leading_words(tokens: Sequence[Token]) -> None:
    """Refuse a statement that Redshift has not, and name one that local AWS has not.

    Raises:
        RedshiftSyntaxError: no statement of Redshift.
        UnsupportedFeatureError: a statement of Redshift that local AWS has not.
    """
    words = _words(tokens[:4])
    first = words[0]
    if first == "set":
        _check_parameter(tokens)
    if first == "desc" and words[1:2] not in (["datashare"], ["identity"]):
        raise RedshiftSyntaxError(tokens[0].text)
    if first in _ONLY_REDSHIFT and not _is_of_another_engine(words):
        raise UnsupportedFeatureError(" ".join(words[:2]).upper())
    if first not in _RUNS:
        raise RedshiftSyntaxError(tokens[0].text)
    if first in _OBJECTS:
        _check_object(first, words)


def _check_parameter(tokens: Sequence[Token]) -> None:
    """Refuse SET of a parameter that Redshift has not."""
    words = [
        word for word in _words(tokens) if word not in ("local", "session")
    ]
    name = words[1] if len(words) > 1 else ""
    if name not in _PARAMETERS and "." not in words:
        raise RedshiftError(f'unrecognized configuration parameter "{name}"')


def check_alteration(tokens: Sequence[Token]) -> None:
    """Name an action of ALTER TABLE that local AWS has not."""
    words = _words(tokens)
    if words[0] != "alter":
        return
    for first, second in zip(words, words[1:], strict=False):
        if (first, second) in _ALTERATIONS:
            raise UnsupportedFeatureError(
                f"ALTER TABLE … {first} {second}".upper()
            )


def unread(tokens: Sequence[Token]) -> RedshiftError:
    """Return the error for a statement that sqlglot does not read."""
    place = 3 if len(tokens) > 3 else len(tokens) - 1
    return RedshiftSyntaxError(tokens[place].text)


def _words(tokens: Sequence[Token]) -> list[str]:
    """Return tokens in lower case; sqlglot reads some pairs of words as one token."""
    words: list[str] = []
    for token in tokens:
        words += token.text.lower().split() or [""]
    return words


def _is_of_another_engine(words: list[str]) -> bool:
    """Tell ATTACH 'file' and DETACH name of DuckDB from Redshift's of row-level security policies."""
    return words[0] in ("attach", "detach") and words[1:2] not in (
        ["rls"],
        ["masking"],
    )


def _check_object(verb: str, words: list[str]) -> None:
    supported, documented = _OBJECTS[verb]
    kind = words[1] if len(words) > 1 else ""
    if kind == "or":
        replaced = words[3] if len(words) > 3 else ""
        if words[2] != "replace" or replaced in _NOT_REPLACED:
            raise RedshiftSyntaxError(replaced or words[2])
        kind = replaced
    if kind in documented:
        raise UnsupportedFeatureError(f"{verb} {kind}".upper())
    if kind not in supported:
        raise RedshiftSyntaxError(kind.upper())
    if kind in ("temp", "temporary", "local") and "table" not in words:
        raise RedshiftSyntaxError(words[2] if len(words) > 2 else kind)
