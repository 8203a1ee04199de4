"""Keeps the object index: what was created, and how far it has come."""
