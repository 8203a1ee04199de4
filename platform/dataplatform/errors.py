"""The base class of the program's errors."""

import pulumi


class ProgramError(pulumi.RunError):
    """The program refuses the stack's settings or declarations. Pulumi shows the message without a traceback."""
