"""Shows who may do what, according to the deployed policies."""
