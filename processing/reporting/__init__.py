"""Reports: their inputs, whether they must be computed again, and their rows."""
