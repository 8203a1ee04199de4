"""Extracts tables of SQL Server as parquet under inbound/, each range once, and keeps the watermark in the ledger."""
