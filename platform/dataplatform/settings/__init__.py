"""The settings of a stack: models, reader and reference page."""
