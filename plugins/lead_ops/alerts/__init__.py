"""Say what an alert says: one content per event, which Slack and email show in the same order.

Nothing but the standard library and Airflow's own Jinja, which is imported when an alert is rendered.
"""
