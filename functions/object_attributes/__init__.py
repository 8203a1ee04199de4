"""Keeps the index of objects: what was created, and how far it has come."""
