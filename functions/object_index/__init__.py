"""Keeps the object index up to date with the objects in the lake."""
