"""The one decision about every record: clean, quarantined or a duplicate."""
