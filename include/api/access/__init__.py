"""Keys and rates: who may ask the API, and how often."""
