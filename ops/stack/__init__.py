"""The stack that a command works on, and the terminal."""
