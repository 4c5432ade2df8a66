"""Read CSV text record by record: lines, header, extent of a record, and the rules for its cells.

The careful path: it handles every file, and every other way of reading must agree with it. Needs the standard library
only; the replay of the demo uses it too.
"""
