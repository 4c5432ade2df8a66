{# Redshift's MERGE takes no alias for the target, no table name before a SET column and no condition on a branch. #}
{% set old = contract.names.table %}
MERGE INTO {{ leads }} USING {{ staging }} AS arrived
ON {{ old }}.{{ contract.key }} = arrived.{{ contract.key }}
WHEN MATCHED THEN UPDATE SET
{% for name, _ in staging_columns if name not in (contract.key, contract.label) %}
    {{ name }} = arrived.{{ name }},
{% endfor %}
    {{ contract.label }} = COALESCE(arrived.{{ contract.label }}, {{ old }}.{{ contract.label }}),
    label_at = COALESCE({{ old }}.label_at, CASE WHEN arrived.{{ contract.label }} IS NOT NULL THEN {{ ingested_at | timestamp }} END)
WHEN NOT MATCHED THEN INSERT (
{% for name, _ in leads_columns %}
    {{ name }}{{ "," if not loop.last }}
{% endfor %}
) VALUES (
{% for name, _ in staging_columns %}
    arrived.{{ name }},
{% endfor %}
    {{ ingested_at | timestamp }},
    CASE WHEN arrived.{{ contract.label }} IS NOT NULL THEN {{ ingested_at | timestamp }} END
)
