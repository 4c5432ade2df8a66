{# The leads as the warehouse has them, and beside their own label the one to train on and its weight (docs/feedback.md). #}
{% from "columns.jinja" import unload with context %}
{% from "votes.jinja" import votes, training_label with context %}
{% call unload(layout.snapshot(run_id)) %}
SELECT
{% for name, _ in leads_columns %}
    lead.{{ name }},
{% endfor %}
    {{ training_label }} AS training_label,
    CAST(CASE WHEN voted.majority = {{ training_label }} THEN {{ settings.decisions.feedback_weight }} ELSE 1 END AS DOUBLE PRECISION)
        AS training_weight
FROM {{ leads }} AS lead
LEFT JOIN (
{{ votes() -}}
) AS voted ON lead.{{ contract.key }} = voted.{{ contract.key }}
WHERE {{ training_label }} IS NOT NULL
{% if seconds_until_final %}
    {# Success is known sooner than failure: of young leads those that converted alone would be learnt. #}
    AND DATEADD(second, {{ seconds_until_final }}, lead.{{ contract.clock }}) <= lead.source_changed_at
{% endif %}
{% endcall %}
