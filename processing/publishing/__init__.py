"""Published tables: per dataset its current rows as an Iceberg table, kept by merging what is new."""
