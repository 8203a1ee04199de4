"""Extraction from SQL Servers."""
