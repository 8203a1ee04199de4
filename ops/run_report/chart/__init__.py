"""The chart of a report: its content, the position of each mark, and numbers as text."""
