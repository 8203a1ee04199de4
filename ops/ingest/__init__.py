"""Start a collection or an extraction, start and stop source servers."""
