"""Possible escalations of CI's roles, to more permissions or to another stack, tested on the bootstrap's policies."""
