"""Know where everything lies in S3, and read and write it there: Parquet, JSON and files.

May import contract, settings and `include.errors`; nothing here knows a model or the warehouse.
"""
