"""Lists, redrives and deletes dead letters."""
