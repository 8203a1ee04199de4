"""Cleansing, conversion and checking of records: what decides whether a row is clean, refused or a duplicate."""
