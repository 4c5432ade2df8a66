"""Find out which records of several systems are one person, and since when that was known.

`spellings` normalises keys, `claims` reads them from tables, `matching` joins records into people, `ledger` holds what
was decided, `resolving` finds the people of events, `report` counts. Knows no data set. May import
`include.contract.text` and the project's errors. Runs on Glue 5.0 with numpy, pyarrow and the library `phonenumbers`.
"""
