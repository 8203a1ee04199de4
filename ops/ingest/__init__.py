"""Starts collections and extractions; starts and stops source servers."""
