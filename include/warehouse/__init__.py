"""Talk to Redshift: the Data API's client, and the SQL files rendered for one contract.

May import lake, contract and settings; nothing here knows a model.
"""
