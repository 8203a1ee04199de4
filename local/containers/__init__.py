"""Runs the repository's container images on this machine."""
