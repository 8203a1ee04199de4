"""How jobs read and write the lake."""
