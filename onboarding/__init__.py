"""Bring a data set into the project: draft its contract, check a file against it, try the models, write it anew.

python -m onboarding draft NAME leads.csv
"""
