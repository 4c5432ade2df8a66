"""Turns raw contract columns into the matrix of a model, and a model's score back into what each column adds to it.

May import the contract, and `include.trees` for the fast SHAP values. Everything here travels with a logged model.
"""
