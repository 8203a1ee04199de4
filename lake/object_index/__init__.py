"""The object index: what the lake has of each object, totals of datasets and runs, and facts about columns."""
