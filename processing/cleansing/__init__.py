"""Routines that change a column's values before they are checked."""
