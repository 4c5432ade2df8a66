"""Write pages for people: drift analyses, exploration of the data (EDA), and model cards.

May import every room below the top: monitoring, training, evaluation, registry, features, pages and lake among them.
"""
