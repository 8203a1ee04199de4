"""Published tables: the current rows of each dataset as Iceberg tables, kept up to date by merges."""
