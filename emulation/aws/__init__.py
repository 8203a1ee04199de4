"""The embedded AWS: ministack as a background process."""
