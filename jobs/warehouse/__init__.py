"""Inbound objects to checked parquet in the warehouse; refused rows to the quarantine."""
