"""Merges history files into published tables, without processing objects."""
