"""Processes objects again and decides whether each row is clean, refused or a duplicate."""
