"""Lists the last runs, from the ledger, from Glue and from the object index."""
