"""The command `try`: checks a sample file against a declaration, without a platform."""
