{% from "columns.jinja" import unload with context %}
{% call unload(layout.snapshot(run_id)) %}
SELECT {{ leads_columns | map("first") | join(", ") }}
FROM {{ leads }}
WHERE {{ contract.label }} IS NOT NULL
{% endcall %}
