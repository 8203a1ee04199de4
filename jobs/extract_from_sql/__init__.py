"""Tables of SQL Server to parquet under inbound/, each range once, with the watermark kept in the ledger."""
