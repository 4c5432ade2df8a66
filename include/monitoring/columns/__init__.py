"""Two sets of leads compared column by column."""
