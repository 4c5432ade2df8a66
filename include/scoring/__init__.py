"""Scores leads with the champions of their stages: one by one, in batches or on Spark, with reasons in plain words.

May import the contract, the lake, features, trees and the registry; knows neither HTTP nor the warehouse.
"""
