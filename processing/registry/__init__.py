"""Finds the declared datasets and reports, and checks each."""
