"""The repository's container images on this machine."""
