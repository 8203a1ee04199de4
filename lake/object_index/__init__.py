"""The object index: facts about each object in the lake, totals by dataset and run, and column facts."""
