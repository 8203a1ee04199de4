"""The family of the program's errors: catch the base class instead of a list."""

import pulumi


class ProgramError(pulumi.RunError):
    """The program refuses to run as it is set up. Pulumi shows the message without a traceback."""
