"""Reports: what they are made of, whether they have to be computed again, and their rows."""
