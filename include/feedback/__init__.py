"""Take what the sales team says of scores, and bring it to the labels of the next training and to a report.

May import what lies below: registry, warehouse, pages, lake, contract and settings.
"""
