"""Names of the stacks that the code treats differently."""

from typing import Final

LOCAL_STACK: Final = "local"
"""The stack on this machine, in the embedded AWS. All other stacks are on AWS."""

PRODUCTION_STACK: Final = "prod"
"""The production stack."""
