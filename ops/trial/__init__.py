"""The command `try`: a declaration on a sample file, without a platform."""
