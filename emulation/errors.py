"""The family of the emulation's errors: catch the base class instead of a list."""


class EmulationError(Exception):
    """What replaces AWS or a partner on this machine failed; the message says what to do."""
