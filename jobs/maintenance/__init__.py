"""Maintenance of the published tables: old snapshots, and files that nothing references."""
