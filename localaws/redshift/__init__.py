"""Answer the Redshift Data API from an embedded DuckDB: dialect, COPY and UNLOAD, sessions, and the API itself.

Refused by name: statements other than queries, DML, TRUNCATE and CREATE / ALTER / DROP (GRANT, BEGIN, CALL …), COPY and
UNLOAD of other formats or with other options than these modules read, sessions kept alive between calls, clusters.
Known to differ from Redshift: AVG of integers is not truncated, a column added by ALTER TABLE has no length limit, and
UNLOAD writes one file even for no rows.
"""
