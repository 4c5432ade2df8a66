{% from "columns.jinja" import unload with context %}
{% call unload(layout.window(run_id)) %}
SELECT {{ leads_columns | map("first") | join(", ") }}
FROM {{ leads }}
WHERE ingested_at > {{ since | timestamp }} AND ingested_at <= {{ until | timestamp }}
{% endcall %}
