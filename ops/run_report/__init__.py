"""The HTML page of a run: what landed, its results, and the reports."""
