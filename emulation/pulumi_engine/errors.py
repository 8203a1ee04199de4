"""What the engine raises."""


class EngineError(Exception):
    """The program cannot be deployed. The message is for a person: what, which resource, what to do."""


FRESH = "run `python -m local up --fresh` to start afresh (what the emulator holds is then lost)"
