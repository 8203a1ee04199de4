"""Decides for every record whether it is clean, quarantined or a duplicate."""
