"""Each dataset's state."""
