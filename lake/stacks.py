"""Names of stacks that code knows."""

from typing import Final

LOCAL_STACK: Final = "local"
"""The stack on this machine, in the embedded AWS; all others are on AWS."""

PRODUCTION_STACK: Final = "prod"
"""The stack that holds what matters."""
