"""Random files and texts, each read by the platform and by an independent implementation."""
