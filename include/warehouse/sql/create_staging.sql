{% from "columns.jinja" import definitions with context %}
CREATE TABLE IF NOT EXISTS {{ staging }} (
{{ definitions(staging_columns) -}}
)
{{ table_hints }}
