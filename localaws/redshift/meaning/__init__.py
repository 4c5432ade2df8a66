"""Give Redshift's meaning to what DuckDB would read another way: casts, text functions, sums, SUPER values.

These modules change the tree of a statement that has passed `grammar`. What cannot be made right is refused by name.
"""
