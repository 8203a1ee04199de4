"""Lambda handlers, a folder each: a thin handler over its logic."""
