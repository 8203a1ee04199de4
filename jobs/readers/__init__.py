"""Readers: from an object's bytes to records that keep their original text and line."""
