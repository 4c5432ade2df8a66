"""Read large files fast: parts that are read side by side, clean records as columns, the others by the careful path."""
