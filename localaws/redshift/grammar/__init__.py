"""Let only documented Redshift SQL through: words, functions, types, statement by statement and clause by clause.

An allow-list. What none of these modules knows is refused, in the words that Redshift has for it. They read tokens and
trees of sqlglot and a catalog of the tables; they run nothing.
"""
