"""Lambda functions, one folder each. Handlers are thin and call the logic in the other modules."""
