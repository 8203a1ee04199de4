"""The stack on which a command works, and the terminal."""
