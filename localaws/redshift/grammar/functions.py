"""List the functions that Redshift documents, with how many arguments each takes.

Source: https://docs.aws.amazon.com/redshift/latest/dg/c_SQL_functions.html and the pages that it links.
"""

from dataclasses import dataclass

_MANY = 99
_DOCUMENTED = {
    "aggregate": """
        any_value 1 avg 1 count 1 listagg 1-2 max 1 median 1 min 1 percentile_cont 1 percentile_disc 1 stddev 1
        stddev_pop 1 stddev_samp 1 sum 1 var_pop 1 var_samp 1 variance 1 bool_and 1 bool_or 1 bit_and 1 bit_or 1
        hll 1 hll_create_sketch 1 hll_combine 1
    """,
    "window": """
        cume_dist 0 dense_rank 0 first_value 1 lag 1-2 last_value 1 lead 1-2 nth_value 2 ntile 1 percent_rank 0 rank 0
        ratio_to_report 1 row_number 0
    """,
    "leader": """
        age 1-2 current_schema 0 current_schemas 1 has_database_privilege 2-3 has_schema_privilege 2-3
        has_table_privilege 2-3 now 0 isfinite 1 timeofday 0 get_bit 2 get_byte 2 set_bit 3 set_byte 3 to_ascii 1-2
        pg_backend_pid 0 version 0 pg_last_copy_count 0 pg_last_copy_id 0 pg_last_unload_id 0 pg_last_unload_count 0
        pg_last_query_id 0 current_setting 1 set_config 3 pg_cancel_backend 1 pg_terminate_backend 1
        pg_get_userbyid 1 format_type 2
    """,
    "scalar": """
        coalesce 1-* greatest 1-* least 1-* decode 3-* nullif 2 nvl 1-* nvl2 3
        cast 1 try_cast 1 convert 2 text_to_int_alt 1-2 text_to_numeric_alt 1-4 to_char 2 to_date 2-3 to_number 2
        to_timestamp 2-3
        add_months 2 convert_timezone 2-3 date_cmp 2 date_cmp_timestamp 2 date_cmp_timestamptz 2 dateadd 3 datediff 3
        date_diff 3 date_add 3 date_part 2 pgdate_part 2 date_part_year 1 date_trunc 2 extract 1 getdate 0
        interval_cmp 2
        last_day 1 months_between 2 next_day 2 timestamp_cmp 2 timestamp_cmp_date 2 timestamp_cmp_timestamptz 2
        timestamptz_cmp 2 timestamptz_cmp_date 2 timestamptz_cmp_timestamp 2 timezone 2
        checksum 1 farmfingerprint64 1 func_sha1 1 fnv_hash 1-2 md5 1 sha 1 sha1 1 sha2 2 murmur3_32_hash 1-2
        can_json_parse 1 is_valid_json 1 is_valid_json_array 1 json_array_length 1-2 json_extract_array_element_text 2-3
        json_extract_path_text 2-* json_parse 1 json_serialize 1 json_serialize_to_varbyte 1
        array 0-* array_concat 2 array_flatten 1 get_array_length 1 split_to_array 1-2 subarray 2-3 array_contains 2-3
        array_distinct 1 array_except 2-3 array_intersection 2-3 array_position 2-3 array_positions 2-3 array_sort 1-3
        array_union 2-3 arrays_overlap 2-3
        abs 1 acos 1 asin 1 atan 1 atan2 2 cbrt 1 ceil 1 ceiling 1 cos 1 cot 1 degrees 1 dexp 1 dlog1 1 dlog10 1 exp 1
        floor 1 ln 1 log 1-2 mod 2 pi 0 pow 2 power 2 radians 1 random 0 round 1-2 sign 1 sin 1 sqrt 1 tan 1 trunc 1-2
        lower_attribute_names 1 upper_attribute_names 1 object 0-* object_transform 1 get_number_attributes 1
        ascii 1 bpcharcmp 2 btrim 1-2 bttext_pattern_cmp 2 char_length 1 character_length 1 charindex 2 chr 1 collate 2
        concat 2 crc32 1 difference 2 initcap 1 left 2 len 1 length 1 lower 1 lpad 2-3 ltrim 1-2 octetindex 2
        octet_length 1 position 1 quote_ident 1 quote_literal 1 regexp_count 2-4 regexp_instr 2-6 regexp_replace 2-5
        regexp_substr 2-5 repeat 2 replace 3 replicate 2 reverse 1 right 2 rpad 2-3 rtrim 1-2 soundex 1 split_part 3
        strpos 2 strtol 2 substr 2-3 substring 1-3 textlen 1 translate 3 trim 1-2 upper 1
        decimal_precision 1 decimal_scale 1 is_array 1 is_bigint 1 is_boolean 1 is_char 1 is_decimal 1 is_float 1
        is_integer 1 is_object 1 is_scalar 1 is_smallint 1 is_varchar 1 json_size 1 json_typeof 1 size 1
        from_hex 1 from_varbyte 2 getbit 2 to_hex 1 to_varbyte 2
        hll_cardinality 1 hll_combine_sketches 2
        current_aws_account 0 current_database 0 current_namespace 0 current_session_arn 0 default_iam_role 0
        last_user_query_id 0 slice_num 0 has_assumerole_privilege 3 role_is_member_of 2 user_is_member_of 1-2
        grouping 1-* grouping_id 1-* explain_model 1 change_query_priority 2 change_session_priority 2
        change_user_priority 2 reboot_cluster 0
    """,
}
_UNSUPPORTED = """
    listaggdistinct hll hll_create_sketch hll_combine hll_cardinality hll_combine_sketches
    age current_schemas has_database_privilege has_schema_privilege has_table_privilege isfinite timeofday get_bit
    get_byte set_bit set_byte to_ascii pg_last_copy_count pg_last_copy_id pg_last_unload_id pg_last_unload_count
    pg_last_query_id current_setting set_config pg_cancel_backend pg_terminate_backend pg_get_userbyid format_type
    text_to_int_alt text_to_numeric_alt to_number interval_cmp checksum farmfingerprint64 fnv_hash
    murmur3_32_hash json_serialize_to_varbyte array_except array_positions array_contains array_distinct
    array_intersection array_position array_sort array_union arrays_overlap lower_attribute_names
    upper_attribute_names object_transform get_number_attributes object bpcharcmp bttext_pattern_cmp collate crc32
    difference octetindex regexp_instr regexp_count soundex strtol decimal_precision decimal_scale
    json_size size
    from_varbyte getbit to_varbyte from_hex to_hex current_aws_account current_namespace current_session_arn
    default_iam_role last_user_query_id slice_num has_assumerole_privilege role_is_member_of user_is_member_of
    explain_model change_query_priority change_session_priority change_user_priority reboot_cluster timestamptz_cmp
    timestamptz_cmp_date timestamptz_cmp_timestamp timestamp_cmp_timestamptz date_cmp_timestamptz
    array_flatten subarray split_to_array array_concat translate_attribute grouping_id is_char is_bigint is_smallint
    is_decimal is_float timezone bit_and bit_or
"""
"""Redshift has these, local AWS has not: the engine's own would give other results, or it has none."""
_UNSUPPORTED_PREFIXES = ("st_", "h3_", "addbbox", "dropbbox", "geometrytype")


@dataclass(frozen=True)
class Function:
    """One documented function: its kind, how many arguments it takes, and whether local AWS runs it."""

    name: str
    kind: str
    least: int
    most: int
    is_supported: bool


def _read() -> dict[str, Function]:
    unsupported = frozenset(_UNSUPPORTED.split())
    functions: dict[str, Function] = {}
    for kind, text in _DOCUMENTED.items():
        words = text.split()
        for name, counts in zip(words[::2], words[1::2], strict=True):
            least, _, most = counts.partition("-")
            upper_bound = _MANY if most == "*" else int(most or least)
            functions[name] = Function(
                name, kind, int(least), upper_bound, name not in unsupported
            )
    return functions


FUNCTIONS = _read()


def is_spatial(name: str) -> bool:
    """Tell whether a name belongs to the spatial functions, of which local AWS has none.

    Source: https://docs.aws.amazon.com/redshift/latest/dg/geospatial-functions.html
    """
    return name.startswith(_UNSUPPORTED_PREFIXES)
