"""The collection ledger in DynamoDB: which versions of source files were claimed, transferred and completed."""
