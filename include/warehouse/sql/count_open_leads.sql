{% from "open_leads.jinja" import is_open with context %}
SELECT COUNT(*) AS leads FROM {{ leads }} WHERE {{ is_open("") }}
