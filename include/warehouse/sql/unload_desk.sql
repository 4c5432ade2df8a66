{# The lead desk's list: the best open leads, each with its newest score and the one of the run before. Beside it stand the
   scores of further outcomes. With a value of the lead the highest expected value is the best; leads without one, or
   without a score of an outcome, come behind. UNLOAD takes no outer LIMIT. #}
{% from "columns.jinja" import unload with context %}
{% set shown = ["score", "probability", "tier", "stage", "model_version", "reasons"] %}
{% call unload(layout.desk(run_id)) %}
SELECT {{ ([contract.key, "previous_score"] + shown + outcome_columns + filter_fields) | join(", ") }}
FROM (
    SELECT
        scored.{{ contract.key }}, scored.previous_score,
{% for name in shown %}
        scored.{{ name }},
{% endfor %}
{% for label, scores in further_scores.items() %}
{% for name in further_columns %}
        {{ label }}_scored.{{ name }} AS {{ label }}_{{ name }},
{% endfor %}
{% endfor %}
{% if contract.value %}
        scored.probability
{%- for label in further_scores %} * {{ label }}_scored.probability{% endfor %} * lead.{{ contract.value }} AS expected_value,
{% endif %}
{% for name in filter_fields %}
        lead.{{ name }},
{% endfor %}
{% if contract.value %}
        ROW_NUMBER() OVER (ORDER BY scored.probability
{%- for label in further_scores %} * {{ label }}_scored.probability{% endfor %} * lead.{{ contract.value }} DESC NULLS LAST, scored.probability DESC, scored.{{ contract.key }}) AS place
{% else %}
        ROW_NUMBER() OVER (ORDER BY scored.probability DESC, scored.{{ contract.key }}) AS place
{% endif %}
    FROM {{ current_scores }} AS scored
    INNER JOIN {{ leads }} AS lead ON scored.{{ contract.key }} = lead.{{ contract.key }}
{% for label, scores in further_scores.items() %}
    LEFT JOIN {{ scores }} AS {{ label }}_scored ON scored.{{ contract.key }} = {{ label }}_scored.{{ contract.key }}
{% endfor %}
) AS ranked
WHERE place <= {{ settings.desk.leads }}
{% endcall %}
