"""What the engine raises."""

import re
from typing import Final

from emulation.errors import EmulationError

_MISSING: Final = re.compile(r"NotFound|NoSuch|NotExist|NonExistent|DoesNotExist")


class EngineError(EmulationError):
    """The program cannot be deployed. The message is for a person: what, which resource, what to do."""

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.code = code
        """AWS's code of the refusal, such as "NoSuchBucket". Empty if it is not a refusal."""

    @property
    def is_missing(self) -> bool:
        """Whether the emulator refused because the resource does not exist."""
        return bool(_MISSING.search(self.code))


FRESH = "start from scratch with `dataplatform up --fresh`, which deletes everything that the emulator holds"
