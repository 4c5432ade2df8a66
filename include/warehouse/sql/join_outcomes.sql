{# Every flag learns whether its lead exists, and its outcome as soon as an ingestion has brought the label. #}
{% set flag = contract.names.feedback_table %}
UPDATE {{ feedback }} SET
    lead_known = TRUE,
    outcome = lead.{{ contract.label }},
    outcome_at = lead.{{ label_prefixes[contract.label] }}at
FROM {{ leads }} AS lead
WHERE {{ flag }}.{{ contract.key }} = lead.{{ contract.key }}
    AND (NOT {{ flag }}.lead_known OR COALESCE({{ flag }}.outcome, -1) <> COALESCE(lead.{{ contract.label }}, -1))
