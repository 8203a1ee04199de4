"""The platform's Pulumi components, one per file, and the code that they share."""
