"""Computes the teams' reports from published tables."""
