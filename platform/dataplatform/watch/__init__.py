"""Alarms, dashboard, freshness and the object index."""
