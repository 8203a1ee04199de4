"""Finds what the object index missed, and records it."""
