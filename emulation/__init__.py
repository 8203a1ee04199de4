"""What replaces AWS and partners on one machine."""
