"""Measures how fresh each dataset is, so that an alarm fires if a dataset is late."""
