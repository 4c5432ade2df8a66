{% from "columns.jinja" import definitions with context %}
CREATE TABLE IF NOT EXISTS {{ leads }} (
{{ definitions(leads_columns) -}}
)
{{ table_hints }}
