"""A stack's settings: models, reader and reference page."""
