{% from "columns.jinja" import unload with context %}
{% from "open_leads.jinja" import is_open with context %}
{% call unload(layout.open_leads(run_id)) %}
SELECT {{ leads_columns | map("first") | join(", ") }}
FROM {{ leads }}
WHERE {{ is_open("") }}
{% endcall %}
