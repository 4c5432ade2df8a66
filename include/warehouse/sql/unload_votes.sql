{% from "columns.jinja" import unload with context %}
{% from "votes.jinja" import votes with context %}
{% call unload(layout.votes(run_id)) %}
{{ votes() -}}
{% endcall %}
