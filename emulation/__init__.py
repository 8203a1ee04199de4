"""Replacements for AWS and for partners' servers on one machine."""
