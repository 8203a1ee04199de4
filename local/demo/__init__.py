"""The demo: from source systems to each team's reports."""
