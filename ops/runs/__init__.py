"""The last runs of everything: from the ledger, from Glue, and from what stands in the lake."""
