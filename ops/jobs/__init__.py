"""Runs the jobs, on Glue or as local processes."""
