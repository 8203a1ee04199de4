"""The stand-in SFTP server."""
