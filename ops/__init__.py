"""The commands that a person runs on a stack; they find its resources by its exports."""
