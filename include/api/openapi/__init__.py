"""The OpenAPI document of the scoring API: its routes, its replies as models, a lead's fields from the contract.

It may import the rest of `include.api` but not the views.
"""
