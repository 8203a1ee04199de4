"""Shows the state of each dataset."""
