{# `outcome` is the warehouse's own label once it is known; `rep_outcome` is what the rep says became of the lead. #}
{% from "columns.jinja" import definitions with context %}
{% set judged = (("lead_known", "BOOLEAN NOT NULL"), ("outcome", "INTEGER"), ("outcome_at", "TIMESTAMP")) %}
CREATE TABLE IF NOT EXISTS {{ feedback }} (
{{ definitions(feedback_columns + judged) -}}
)
DISTSTYLE KEY DISTKEY ({{ contract.key }}) SORTKEY (given_at)
