"""Collection from SFTP servers."""
