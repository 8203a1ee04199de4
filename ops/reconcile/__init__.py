"""Finds objects that the object index missed, and records them."""
