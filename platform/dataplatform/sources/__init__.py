"""Source servers that a stack runs itself."""
