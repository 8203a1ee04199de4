"""The Glue jobs and their workflow."""
