"""Define functions of Redshift in the engine, under names that no statement of a client can use."""

SCHEMA = "memory.main"
"""Where the macros are: in the search path of every session, after the schema of the tables."""

_WRONG_WHOLE = (
    "'invalid input syntax for integer: \"' || CAST(x AS VARCHAR) || '\"'"
)
DEFINITIONS = (
    # A start before the text shortens what is returned (r_SUBSTRING.html).
    """
    CREATE MACRO rs_substring(s, p, n) AS CASE
        WHEN n < 0 THEN error('negative substring length not allowed')
        WHEN p >= 1 THEN substring(s, p, n) ELSE substring(s, 1, greatest(p + n - 1, 0)) END
    """,
    "CREATE MACRO rs_substring_from(s, p) AS substring(s, greatest(p, 1))",
    # Text with a fraction is no whole number (r_CAST_function.html).
    r"""
    CREATE MACRO rs_is_no_whole(x) AS
        typeof(x) = 'VARCHAR' AND NOT regexp_full_match(CAST(x AS VARCHAR), '\s*[+-]?[0-9]+\s*')
    """,
    f"CREATE MACRO rs_whole(x) AS CASE WHEN rs_is_no_whole(x) THEN error({_WRONG_WHOLE}) ELSE x END",
    "CREATE MACRO rs_try_whole(x) AS CASE WHEN rs_is_no_whole(x) THEN NULL ELSE x END",
    # A cast to VARCHAR(n) keeps the first n bytes, in whole characters (r_CAST_function.html).
    """
    CREATE MACRO rs_cut(x, n) AS CASE
        WHEN strlen(x) <= n THEN x
        ELSE left(x, list_max(list_filter(range(0, n + 1), lambda k: strlen(left(x, k)) <= n))::BIGINT) END
    """,
    "CREATE MACRO rs_date_cmp(a, b) AS CASE WHEN a < b THEN -1 WHEN a > b THEN 1 WHEN a = b THEN 0 END",
    "CREATE MACRO rs_is_json(x) AS json_valid(x) AND json_type(x) = 'OBJECT'",
    "CREATE MACRO rs_is_json_array(x) AS json_valid(x) AND json_type(x) = 'ARRAY'",
    "CREATE MACRO rs_average(s, n) AS CASE WHEN n > 0 THEN s // n END",
    r"""
    CREATE MACRO rs_quote_ident(x) AS CASE
        WHEN regexp_full_match(x, '[a-z_][a-z0-9_$]*') THEN x ELSE '"' || replace(x, '"', '""') || '"' END
    """,
    "CREATE MACRO rs_unscaled(x) AS CAST(replace(CAST(x AS VARCHAR), '.', '') AS HUGEINT)",
    """
    CREATE MACRO rs_point(sign, d, s) AS
        CASE WHEN s = 0 THEN sign || d ELSE sign || left(d, -s) || '.' || right(d, s) END
    """,
    """
    CREATE MACRO rs_scaled(q, s) AS rs_point(
        CASE WHEN q < 0 THEN '-' ELSE '' END,
        lpad(CAST(abs(q) AS VARCHAR), CAST(greatest(length(CAST(abs(q) AS VARCHAR)), s + 1) AS INTEGER), '0'), s)
    """,
    """
    CREATE MACRO rs_quotient(a, b, f, s) AS CASE
        WHEN b = 0 THEN error('Divide by zero') ELSE rs_scaled(rs_unscaled(a) * f // rs_unscaled(b), s) END
    """,
    # The last day of a month stays a last day (r_ADD_MONTHS.html).
    """
    CREATE MACRO rs_add_months(x, n) AS CASE
        WHEN last_day(CAST(x AS DATE)) = CAST(x AS DATE)
        THEN CAST(last_day(date_trunc('month', CAST(x AS TIMESTAMP)) + to_months(CAST(n AS INTEGER))) AS TIMESTAMP)
            + (CAST(x AS TIMESTAMP) - date_trunc('day', CAST(x AS TIMESTAMP)))
        ELSE CAST(x AS TIMESTAMP) + to_months(CAST(n AS INTEGER)) END
    """,
    """
    CREATE MACRO rs_sqrt(x) AS CASE
        WHEN x < 0 THEN error('cannot take square root of a negative number') ELSE sqrt(x) END
    """,
    """
    CREATE MACRO rs_ln(x) AS CASE
        WHEN x = 0 THEN error('cannot take logarithm of zero')
        WHEN x < 0 THEN error('cannot take logarithm of a negative number') ELSE ln(x) END
    """,
    """
    CREATE MACRO rs_log(x) AS CASE
        WHEN x = 0 THEN error('cannot take logarithm of zero')
        WHEN x < 0 THEN error('cannot take logarithm of a negative number') ELSE log10(x) END
    """,
    "CREATE MACRO rs_last_day(x) AS last_day(CAST(x AS DATE))",
    "CREATE MACRO rs_cbrt(x) AS CASE WHEN round(cbrt(x)) ** 3 = x THEN round(cbrt(x)) ELSE cbrt(x) END",
    "CREATE MACRO rs_element(x, i) AS json_extract_string(x, '$[' || i || ']')",
    "CREATE MACRO rs_is_array(x) AS json_type(x) = 'ARRAY'",
    "CREATE MACRO rs_is_object(x) AS json_type(x) = 'OBJECT'",
    "CREATE MACRO rs_is_scalar(x) AS json_type(x) NOT IN ('ARRAY', 'OBJECT')",
    "CREATE MACRO rs_is_whole(x) AS json_type(x) IN ('BIGINT', 'UBIGINT')",
    "CREATE MACRO rs_is_boolean(x) AS json_type(x) = 'BOOLEAN'",
    "CREATE MACRO rs_is_text(x) AS json_type(x) = 'VARCHAR'",
    """
    CREATE MACRO rs_kind(x) AS CASE json_type(x)
        WHEN 'ARRAY' THEN 'array' WHEN 'OBJECT' THEN 'object' WHEN 'VARCHAR' THEN 'string'
        WHEN 'BOOLEAN' THEN 'boolean' WHEN 'NULL' THEN 'null' ELSE 'number' END
    """,
    "CREATE MACRO rs_serialize(x) AS CAST(x AS VARCHAR)",
    "CREATE MACRO rs_quote_literal(x) AS '''' || replace(x, '''', '''''') || ''''",
    "CREATE MACRO rs_text(x) AS CASE WHEN json_type(x) = 'VARCHAR' THEN x ->> '$' ELSE CAST(x AS VARCHAR) END",
)
