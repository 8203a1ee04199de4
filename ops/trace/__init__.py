"""Follows a row, an object or an event from its source to the reports."""
