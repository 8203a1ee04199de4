"""The events API, its queue and functions."""
