"""Reading and writing the lake from jobs."""
