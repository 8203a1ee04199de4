"""The jobs that Glue, or the extraction's container, runs."""
