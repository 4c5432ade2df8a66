{# The newest leads that the champion has not learnt from and whose outcome is final. UNLOAD takes no outer LIMIT. #}
{% from "columns.jinja" import unload with context %}
{% set names = leads_columns | map("first") | join(", ") %}
{% call unload(layout.matured(run_id)) %}
SELECT {{ names }}
FROM (
    SELECT {{ names }}
    FROM {{ leads }}
    WHERE ingested_at > {{ since | timestamp }} AND ingested_at <= {{ until | timestamp }}
        AND {{ contract.label }} IS NOT NULL
    ORDER BY ingested_at DESC, {{ contract.clock }} DESC, {{ contract.key }}
    LIMIT {{ settings.decisions.performance_leads }}
) AS newest
{% endcall %}
