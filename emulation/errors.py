"""The base class of the emulation's errors."""


class EmulationError(Exception):
    """A replacement for AWS or a partner failed; the message states what to do."""
