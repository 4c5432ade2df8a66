{% from "columns.jinja" import definitions with context %}
CREATE TABLE IF NOT EXISTS {{ feedback }}_staging (
{{ definitions(feedback_columns) -}}
)
DISTSTYLE KEY DISTKEY ({{ contract.key }})
