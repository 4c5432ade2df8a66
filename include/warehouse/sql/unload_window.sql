{% from "columns.jinja" import unload with context %}
{% from "candidates.jinja" import arrived_at with context %}
{% call unload(layout.window(run_id)) %}
SELECT {{ leads_columns | map("first") | join(", ") }}
FROM {{ leads }}
WHERE {{ arrived_at() }} > {{ since | timestamp }} AND {{ arrived_at() }} <= {{ until | timestamp }}
{%- if contract.given %} AND {{ contract.given }} = 1{% endif %}

{% endcall %}
