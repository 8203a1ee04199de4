"""Collects new and changed files from SFTP servers into inbound/."""
