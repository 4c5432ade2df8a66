"""The scoring API and the lead desk: HTTP around `include.scoring`.

It may import every room but `endpoint`, `glue` and `reporting`, and nothing imports it but DAGs, for `desk.publish`.
"""
