"""The chart of a report: what it shows, where each mark is, and numbers as text."""
