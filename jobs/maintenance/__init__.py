"""Maintains the published tables: removes old snapshots and unreferenced files."""
