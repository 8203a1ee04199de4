"""The picture of a run: one HTML page of what landed, what became of it and what the reports say."""
