"""Published views to the teams' reports."""
