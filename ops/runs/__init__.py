"""The last runs of everything: from the ledger, from Glue, and from the object index."""
