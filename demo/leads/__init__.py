"""Draw synthetic leads of the x_education contract."""
