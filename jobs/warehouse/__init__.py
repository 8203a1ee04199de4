"""Turns inbound objects into history files of clean rows, and quarantine files of refused rows."""
