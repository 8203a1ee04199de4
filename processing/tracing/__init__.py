"""Finds a row, with the same readers, routines and views that the jobs use, for a single key."""
