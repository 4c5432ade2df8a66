"""Answer the Redshift Data API from an embedded DuckDB: grammar, meaning, COPY and UNLOAD, sessions, the API itself.

`grammar` lets documented SQL through, `meaning` gives it Redshift's results, `dialect` puts both together. Refused by
name: CALL, cursors, EXPLAIN and other statements, COPY and UNLOAD of other formats or with other options than these
modules read, sessions kept alive between calls, clusters. docs/local-aws.md lists what is known to differ.
"""
