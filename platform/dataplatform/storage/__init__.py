"""The lake's bucket, key and catalogue."""
