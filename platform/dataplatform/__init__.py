"""The ComponentResources of the data platform, a file each, and what they share."""
