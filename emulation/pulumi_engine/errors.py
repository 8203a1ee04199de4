"""What the engine raises."""

from emulation.errors import EmulationError


class EngineError(EmulationError):
    """The program cannot be deployed. The message is for a person: what, which resource, what to do."""


FRESH = "run `python -m local up --fresh` to start afresh (what the emulator holds is then lost)"
