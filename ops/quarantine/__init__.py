"""Refused rows: list, show, release."""
