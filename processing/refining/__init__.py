"""Turns an inbound object into its history file and its quarantine file."""
