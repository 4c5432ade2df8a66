{# Redshift's MERGE takes no alias for the target, no table name before a SET column and no condition on a branch. So each
   column decides by itself: an older row changes no value, however late it is loaded. Each outcome has moments of its
   own, since a row without one keeps that of an older row, unless it says that the outcome was withdrawn. Where moments
   are equal the last load wins. #}
{% set old = contract.names.table %}
{% set row_stays = is_older("arrived.", old ~ ".", moments) %}
MERGE INTO {{ leads }} USING {{ staging }} AS arrived
ON {{ old }}.{{ contract.key }} = arrived.{{ contract.key }}
WHEN MATCHED THEN UPDATE SET
{% for name, _ in row_columns if name != contract.key and name not in label_prefixes %}
    {{ name }} = CASE WHEN {{ row_stays }} THEN {{ old }}.{{ name }} ELSE arrived.{{ name }} END,
{% endfor %}
{% for label, prefix in label_prefixes.items() %}
{% set is_open = "arrived." ~ label ~ " IS NULL" %}
{% if contract.unify %}
{% set is_open = "(" ~ is_open ~ " AND COALESCE(arrived." ~ withdrawn[label] ~ ", 0) = 0)" %}
{% endif %}
{% set label_stays = is_open ~ " OR " ~ is_older("arrived.", old ~ "." ~ prefix, moments) %}
    {{ label }} = CASE WHEN {{ label_stays }} THEN {{ old }}.{{ label }} ELSE arrived.{{ label }} END,
{% for name in moments %}
    {{ prefix }}{{ name }} = CASE WHEN {{ label_stays }} THEN {{ old }}.{{ prefix }}{{ name }} ELSE arrived.{{ name }} END,
{% endfor %}
{% set first_at = "COALESCE(" ~ old ~ "." ~ prefix ~ "at, CASE WHEN arrived." ~ label ~ " IS NOT NULL THEN " ~ (ingested_at | timestamp) ~ " END)" %}
{% if contract.unify %}
    {{ prefix }}at = CASE WHEN NOT ({{ label_stays }}) AND arrived.{{ label }} IS NULL THEN NULL ELSE {{ first_at }} END
{% else %}
    {{ prefix }}at = {{ first_at }}
{% endif %}
{{- "," if not loop.last }}
{% endfor %}
WHEN NOT MATCHED THEN INSERT (
{% for name, _ in leads_columns %}
    {{ name }}{{ "," if not loop.last }}
{% endfor %}
) VALUES (
{% for name, _ in row_columns %}
    arrived.{{ name }},
{% endfor %}
    {{ ingested_at | timestamp }},
{% for label in label_prefixes %}
    CASE WHEN arrived.{{ label }} IS NOT NULL THEN {{ ingested_at | timestamp }} END,
{% set last_label = loop.last %}
{% for name in moments %}
    CASE WHEN arrived.{{ label }} IS NOT NULL THEN arrived.{{ name }} END{{ "," if not (loop.last and last_label) }}
{% endfor %}
{% endfor %}
)
