"""Exact SHAP values and margins of trees."""
