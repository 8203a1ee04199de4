"""Measures how fresh each dataset is, so that an alarm can ring when one is late."""
