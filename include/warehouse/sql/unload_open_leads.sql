{% from "columns.jinja" import unload with context %}
{% call unload(layout.open_leads(run_id)) %}
SELECT {{ leads_columns | map("first") | join(", ") }}
FROM {{ leads }}
WHERE {{ contract.label }} IS NULL
{% endcall %}
