{# The same word of the same rep said again is one row still, and as new as when it was said last. #}
{% set old = contract.names.feedback_table %}
{% set said = feedback_columns | map("first") | list %}
MERGE INTO {{ feedback }} USING {{ feedback }}_staging AS arrived
ON {{ old }}.id = arrived.id
WHEN MATCHED THEN UPDATE SET
    given_at = GREATEST({{ old }}.given_at, arrived.given_at),
    stored_at = GREATEST({{ old }}.stored_at, arrived.stored_at)
WHEN NOT MATCHED THEN INSERT ({{ said | join(", ") }}, lead_known)
VALUES (
{% for name in said %}
    arrived.{{ name }},
{% endfor %}
    FALSE
)
