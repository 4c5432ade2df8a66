{# The lead desk's list: the best open leads, each with its newest score and the one of the run before. UNLOAD takes no
   outer LIMIT. #}
{% from "columns.jinja" import unload with context %}
{% set shown = ["score", "probability", "tier", "stage", "model_version", "reasons"] %}
{% call unload(layout.desk(run_id)) %}
SELECT {{ ([contract.key, "previous_score"] + shown + filter_fields) | join(", ") }}
FROM (
    SELECT
        scored.{{ contract.key }}, scored.previous_score,
{% for name in shown %}
        scored.{{ name }},
{% endfor %}
{% for name in filter_fields %}
        lead.{{ name }},
{% endfor %}
        ROW_NUMBER() OVER (ORDER BY scored.probability DESC, scored.{{ contract.key }}) AS place
    FROM {{ current_scores }} AS scored
    INNER JOIN {{ leads }} AS lead ON scored.{{ contract.key }} = lead.{{ contract.key }}
) AS ranked
WHERE place <= {{ settings.desk.leads }}
{% endcall %}
